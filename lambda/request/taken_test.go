package request_test

import (
	"encoding/json"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/request"
)

// Parse refuses no more than it must: these values are unusual, but valid.
func TestParseAcceptsUnusualValues(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"prefix/every character that S3 recommends":  `!-_.*'()/=@:+,&$;? z`,
		"prefix/letters with combining marks":        "cafe\u0301/हिन्दी/日本語/ελληνικά/العربية",
		"prefix/signs":                               "→/№ 5/€",
		"prefix/names with dots":                     "a/.../.hidden/b..",
		"prefix/the run's folder as part of another": "AWSDynamoDB-old/awsdynamodb",
		"prefix/of the greatest length":              strings.Repeat("p", 512),
		"prefix/a slash at its end":                  "{table}/{date}/",
		"kmsKeyId/an id":                             "1234abcd-12ab-34cd-56ef-1234567890ab",
		"kmsKeyId/a multi-Region key":                "mrk-1234abcd12ab34cd56ef1234567890ab",
		"kmsKeyId/an ARN":                            "arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
		"kmsKeyId/an alias":                          "alias/team/lake_1",
		"kmsKeyId/the ARN of an alias":               "arn:aws:kms:eu-west-1:123456789012:alias/aws/s3",
		"table/a region of China":                    "arn:aws-cn:dynamodb:cn-northwest-1:123456789012:table/orders",
		"table/a region of AWS GovCloud":             "arn:aws-us-gov:dynamodb:us-gov-east-1:123456789012:table/orders",
		"table/a region of the sovereign cloud":      "arn:aws-eusc:dynamodb:eusc-de-east-1:123456789012:table/orders",
		"table/a region of AWS Secret":               "arn:aws-iso-b:dynamodb:us-isob-east-1:123456789012:table/orders",
		"bucket/dots":                                "a.b-c.3",
		"bucket/almost an IP address":                "192.168.0.1.2",
		"scheduledTime/a fraction and a zone":        "2026-01-31T06:00:00.123456789+05:30",
		"scheduledTime/the first moment of 1970":     "1970-01-01T00:00:00Z",
		"transform/lines and letters":                "# größer\r\n\t{id, \"名\": .name}",
	} {
		field, _, _ := strings.Cut(name, "/")
		req := map[string]string{"table": "orders", "bucket": "b-1"}
		req[field] = value
		body, err := json.Marshal(req)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := request.Parse(body, nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, body := range map[string]string{
		"a surrogate pair":                `{"table":"orders","bucket":"b-1","transform":"\"\ud83d\ude00\""}`,
		"an escaped backslash before a u": `{"table":"orders","bucket":"b-1","transform":"\"\\\\ud83d\""}`,
		"white space of JSON":             " \t\r\n{ \"table\" : \"orders\" ,\n\"bucket\":\"b-1\" }\n",
		"line breaks in an expression":    `{"table":"orders","bucket":"b-1","scan":{"FilterExpression":"a = b\n\tAND c = d"}}`,
	} {
		if _, err := request.Parse(json.RawMessage(body), nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
