package record_test

import (
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/record"
)

func TestRegisterRefusesWhatNoRunCouldUse(t *testing.T) {
	encoder := func() (record.Encoder, error) { return nil, nil } //nolint:nilnil // it is never asked for
	for _, test := range []struct {
		format record.Format
		words  string
	}{
		{record.Format{Name: "prices", Extension: ".x", New: encoder}, `"prices" is registered twice`},
		{record.Format{Name: "", Extension: ".x", New: encoder}, `"" is no name`},
		{record.Format{Name: "a/b", Extension: ".x", New: encoder}, `"a/b" is no name`},
		{record.Format{Name: strings.Repeat("a", 65), Extension: ".x", New: encoder}, `is no name`},
		{record.Format{Name: "a", Extension: "x", New: encoder}, `"x" is no extension`},
		{record.Format{Name: "a", Extension: "./x", New: encoder}, `"./x" is no extension`},
		{record.Format{Name: "a", Extension: ".x"}, `has no New`},
	} {
		func() {
			defer func() {
				if told, _ := recover().(string); !strings.Contains(told, test.words) {
					t.Errorf("got %q, want %s", told, test.words)
				}
			}()
			record.Register(test.format)
		}()
	}
	if _, known := record.Lookup("a"); known {
		t.Error("what was refused is known")
	}
	if format, known := record.Lookup("prices"); !known || format.Extension != ".csv" {
		t.Errorf("got %+v", format)
	}
}
