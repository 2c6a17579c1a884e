package request_test

import (
	"encoding/json"
	"testing"

	"dynamodb-to-s3/lambda/request"
)

var invalidConversions = []struct {
	name, fields string
	problems     []string
}{
	{"fields of PARQUET without it", `"columns":{"a":{"name":"b"}},"numbers":"DOUBLE","keepStaging":true,"compression":"SNAPPY"`, []string{
		`compression: got SNAPPY, want GZIP, ZSTD or NONE`,
		`columns: given without the format PARQUET`, `numbers: given without the format PARQUET`, `keepStaging: given without the format PARQUET`,
	}},
	{"fields of PARQUET in an export without it", `"export":{},"columns":{},"numbers":"DOUBLE","keepStaging":true`, []string{
		`columns: not allowed in mode EXPORT`, `numbers: not allowed in mode EXPORT`, `keepStaging: not allowed in mode EXPORT`,
	}},
	{"unknown values", `"format":"PARQUET","numbers":"FLOAT","keepStaging":"yes","columns":{"a":{"typ":"string"},"":{}}`, []string{
		`keepStaging: got "yes", want true or false`, `columns.a.typ: unknown field, did you mean "type"?`, `numbers: got "FLOAT", want one of EXACT, DOUBLE`,
		`columns."": got 0 bytes, want the name of an attribute`,
	}},
	{"an encoder", `"format":"PARQUET","encoder":"csv"`, []string{`format: given together with encoder`}},
	{"an incremental export", `"format":"PARQUET","export":{"from":"last"}`, []string{`format: got PARQUET, want another format for an INCREMENTAL export`}},
	{"an export in Ion", `"format":"PARQUET","export":{"format":"ION"}`, []string{`export.format: got ION, want DYNAMODB_JSON`}},
	{"an export without PARQUET, with the concurrency of a conversion", `"export":{},"concurrency":3`, []string{`concurrency: not allowed in mode EXPORT`}},
	{"an export with segments", `"format":"PARQUET","export":{},"segments":3`, []string{`segments: not allowed in mode EXPORT`}},
	{"an export with an unknown compression", `"format":"PARQUET","export":{},"compression":"LZ4"`, []string{`compression: got "LZ4"`}},
}

func TestParseNamesEveryProblemOfAnInvalidConversion(t *testing.T) {
	for _, test := range invalidConversions {
		t.Run(test.name, func(t *testing.T) {
			wantProblems(t, `{"table":"orders","bucket":"b-1",`+test.fields+`}`, test.problems)
		})
	}
}

func TestDefaultsOfConversions(t *testing.T) {
	for _, fields := range []string{`"format":"PARQUET"`, `"format":"PARQUET","transform":"."`, `"format":"PARQUET","export":{}`, `"format":"PARQUET","export":{},"concurrency":3`} {
		r, err := request.Parse(json.RawMessage(`{"table":"orders","bucket":"b-1",`+fields+`}`), json.RawMessage(`{"readPercent":50}`))
		if err != nil {
			t.Fatal(err)
		}
		if r.Compression != request.CompressionZSTD || r.Numbers != request.NumbersExact || *r.KeepStaging || *r.FileSize != request.DefaultFileSize || r.Format != request.FormatParquet {
			t.Errorf("%s: got %+v", fields, r)
		}
	}
}
