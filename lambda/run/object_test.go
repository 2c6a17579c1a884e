package run_test

import (
	"testing"

	"dynamodb-to-s3/lambda/run"
)

// The tests of lambda/sink compare both with what an S3 server returns.
func TestObjectHasTheETagAndTheChecksumOfItsParts(t *testing.T) {
	t.Parallel()
	const (
		// The MD5s and the CRC-32s of "", of "a" and of "123456789", which is the check value of CRC-32.
		empty, a, digits          = "d41d8cd98f00b204e9800998ecf8427e", "0cc175b9c0f1b6a831c399e269772661", "25f9e794323b453885f5181f1b624d0b"
		emptySum, aSum, digitsSum = "AAAAAA==", "6Le+Qw==", "y/Q5Jg=="
	)
	for _, test := range []struct {
		name      string
		parts     []run.Part
		etag, sum string
	}{
		{"one part", []run.Part{{a, aSum}}, "b6ff9a06b7e20bcb2858c5b8ff744aea-1", "Zw3NQg==-1"},
		{"two parts", []run.Part{{a, aSum}, {digits, digitsSum}}, "728c7ce822fbe9b8a6ced3ddd646c2be-2", "IF56Qw==-2"},
		{"the same parts in the other order", []run.Part{{digits, digitsSum}, {a, aSum}}, "21ac18903e252db46db2aa7d90b7c073-2", "+WIEXQ==-2"},
		{"an empty part", []run.Part{{empty, emptySum}}, "59adb24ef3cdbe0297f05b395827453f-1", "IUTfHA==-1"},
		{"no checksums", []run.Part{{a, ""}, {digits, ""}}, "728c7ce822fbe9b8a6ced3ddd646c2be-2", ""},
		{"one part without a checksum", []run.Part{{a, aSum}, {digits, ""}}, "728c7ce822fbe9b8a6ced3ddd646c2be-2", ""},
		{"an ETag that is no MD5, as with a KMS key", []run.Part{{"x" + a[1:], aSum}}, "", "Zw3NQg==-1"},
		{"an ETag with another length", []run.Part{{a + "00", aSum}}, "", "Zw3NQg==-1"},
		{"an ETag of several parts", []run.Part{{a + "-2", aSum}}, "", "Zw3NQg==-1"},
		{"an ETag in quotes", []run.Part{{`"` + a + `"`, aSum}}, "", "Zw3NQg==-1"},
		{"capitals", []run.Part{{"0CC175B9C0F1B6A831C399E269772661", aSum}}, "b6ff9a06b7e20bcb2858c5b8ff744aea-1", "Zw3NQg==-1"},
		{"a checksum that is not base64", []run.Part{{a, "6Le+Q"}}, "b6ff9a06b7e20bcb2858c5b8ff744aea-1", ""},
		{"a checksum of another length", []run.Part{{a, "6Le+QwA="}}, "b6ff9a06b7e20bcb2858c5b8ff744aea-1", ""},
		{"a checksum of several parts", []run.Part{{a, aSum + "-1"}}, "b6ff9a06b7e20bcb2858c5b8ff744aea-1", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o := run.Object{Parts: test.parts}
			if o.ETag() != test.etag || o.CRC32() != test.sum {
				t.Errorf("got %q and %q, want %q and %q", o.ETag(), o.CRC32(), test.etag, test.sum)
			}
		})
	}
}
