package table_test

import (
	"errors"
	"net/http"
	"testing"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/table"
)

// checksum returns what gives an answer another checksum. "" leaves out the header.
func checksum(value string) func(http.Header, []byte) []byte {
	return func(h http.Header, body []byte) []byte {
		if h.Set("X-Amz-Crc32", value); value == "" {
			h.Del("X-Amz-Crc32")
		}
		return body
	}
}

// Servers with DynamoDB's API leave out the checksum. Their answers are used, and each is asked for once.
func TestAnswersWithoutAChecksumAreUsed(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(http.Header, []byte) []byte{
		"no header":       checksum(""),
		"an empty header": func(h http.Header, body []byte) []byte { h["X-Amz-Crc32"] = []string{""}; return body },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &wire{answers: []answer{
				{body: `{"Count":1,"Items":[{"id":{"S":"a"}}],"LastEvaluatedKey":{"id":{"S":"a"}},"ScannedCount":1}`, spoil: spoil},
				{body: `{"Count":1,"Items":[{"id":{"S":"b"}}],"ScannedCount":1}`, spoil: spoil},
				{body: `{"Table":{"TableName":"orders","TableStatus":"ACTIVE","TableSizeBytes":7}}`, spoil: spoil},
				{status: 400, body: `{"__type":"ResourceNotFoundException"}`, spoil: spoil},
			}}
			client := clientOf(t, s)
			reader, err := table.NewReader(client, run.Plan{Table: "orders", Scan: &run.ScanPlan{TotalSegments: 1}}, 0)
			if err != nil {
				t.Fatal(err)
			}
			var p table.Page
			for range 2 {
				if err := errors.Join(reader.Next(t.Context(), p.LastEvaluatedKey, &p), p.Parse()); err != nil || p.Items.Len() != 1 {
					t.Fatalf("got %d items, %v", p.Items.Len(), err)
				}
			}
			if described, err := table.Describe(t.Context(), client, request.Table{Name: "orders"}, request.Scan{}); err != nil || described.Bytes != 7 {
				t.Errorf("got %+v, %v", described, err)
			}
			if _, err := table.Describe(t.Context(), client, request.Table{Name: "orders"}, request.Scan{}); failure.NameOf(err) != failure.TableNotFound {
				t.Errorf("got %v", err)
			}
			if len(s.asked) != 4 {
				t.Errorf("asked %q, want each answer once", s.asked)
			}
		})
	}
}

// Every answer is checked, not only those to Scan: the SDK's own check only logs what is wrong.
func TestDamagedDescriptionIsAskedForAgain(t *testing.T) {
	t.Parallel()
	const whole = `{"Table":{"TableName":"orders","TableStatus":"ACTIVE","TableSizeBytes":7}}`
	for name, damaged := range map[string]answer{
		"a wrong checksum":            {body: whole, spoil: checksum("1")},
		"no number":                   {body: whole, spoil: checksum("abc")},
		"a changed byte":              {body: whole, spoil: func(_ http.Header, body []byte) []byte { body[len(body)-3] = '9'; return body }},
		"a cut body":                  {body: whole, spoil: func(_ http.Header, body []byte) []byte { return body[:30] }},
		"a cut body without checksum": {body: whole, spoil: func(h http.Header, body []byte) []byte { return checksum("")(h, body)[:30] }},
		"a refusal that is damaged":   {status: 400, body: `{"__type":"ResourceNotFoundException"}`, spoil: checksum("1")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &wire{answers: []answer{damaged, {body: whole}}}
			got, err := table.Describe(t.Context(), clientOf(t, s), request.Table{Name: "orders"}, request.Scan{})
			if err != nil || got.Bytes != 7 || len(s.asked) != 2 {
				t.Errorf("asked %d times, got %+v, %v", len(s.asked), got, err)
			}
		})
	}
}
