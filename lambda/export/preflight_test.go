package export_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

func wantError(t *testing.T, err error, want failure.Name, words ...string) {
	t.Helper()
	if err == nil || failure.NameOf(err) != want {
		t.Fatalf("got %s: %v, want %s", failure.NameOf(err), err, want)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("no %q in: %v", word, err)
		}
	}
}

// faulty answers every write of a try with a fault of S3, and passes everything else on.
type faulty struct {
	aws.HTTPClient
	status        int
	code, message string
}

func (f faulty) Do(request *http.Request) (*http.Response, error) {
	if request.Method != http.MethodPut || !strings.Contains(request.URL.Path, "/_exports/") {
		return f.HTTPClient.Do(request)
	}
	body := fmt.Sprintf("<Error><Code>%s</Code><Message>%s</Message></Error>", f.code, f.message)
	return &http.Response{StatusCode: f.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: request}, nil
}

// DynamoDB would accept these and fail minutes later.
func TestDestinationIsTriedFirst(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, fields string
		fault        faulty
		account      string
		want         failure.Name
		words        string
	}{
		{"no right to write", ``, faulty{status: http.StatusForbidden, code: "AccessDenied", message: "x"}, account, failure.AccessDenied, "check that the export can be written: s3:PutObject on s3://"},
		{"no such key", `, "kmsKeyId": "alias/none"`, faulty{status: http.StatusBadRequest, code: "KMS.NotFoundException", message: "x"}, account, failure.KMSKeyUnusable, "S3 cannot use the KMS key alias/none"},
		{"a key without rights", ``, faulty{status: http.StatusForbidden, code: "AccessDenied", message: "User is not authorized to perform: kms:GenerateDataKey"}, account, failure.KMSKeyUnusable, "the bucket's own KMS key"},
		{"a bucket that was removed", ``, faulty{status: http.StatusNotFound, code: "NoSuchBucket", message: "x"}, account, failure.BucketNotFound, "there is no bucket"},
		{"a bucket of another account", ``, faulty{}, "111122223333", failure.BucketInOtherAccount, "is not of account 111122223333, in which the functions run, so DynamoDB cannot write there: give the account that owns it as export.s3BucketOwner"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			tables, bucket := startExports(t), testservers.Bucket(t)
			r, err := planRun(t, tables, "run-1", fmt.Sprintf(`{"table": %q, "bucket": %q, "mode": "EXPORT"%s}`, testservers.Orders(t, 1), bucket, test.fields))
			if err != nil {
				t.Fatal(err)
			}
			if test.fault.code != "" {
				_, cfg := testservers.Configs()
				test.fault.HTTPClient = http.DefaultClient
				cfg.HTTPClient = test.fault
				r.exporter.S3 = awsclient.S3(cfg)
			}
			r.exporter.Account = test.account
			wantError(t, r.look(t), test.want, test.words)
			if n := len(tables.Requests()); n > 0 {
				t.Errorf("%d requests were sent", n)
			}
		})
	}
	t.Run("a bucket of another account, named", func(t *testing.T) {
		t.Parallel()
		tables, bucket := startExports(t), testservers.Bucket(t)
		r, err := planRun(t, tables, "run-1", fmt.Sprintf(`{"table": %q, "bucket": %q, "export": {"s3BucketOwner": %q}}`, testservers.Orders(t, 1), bucket, account))
		if err != nil {
			t.Fatal(err)
		}
		r.exporter.Account = "111122223333"
		if err := r.look(t); err != nil || len(tables.Requests()) != 1 {
			t.Errorf("%d requests, %v", len(tables.Requests()), err)
		}
	})
}

// A refusal of DynamoDB gets a name and keeps DynamoDB's message.
func TestRefusalsAreNamed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		operation, exception string
		want                 failure.Name
		words                string
	}{
		{"DescribeContinuousBackups", "ThrottlingException", failure.Throttled, "DynamoDB refused the call because there are too many"},
		{"DescribeContinuousBackups", "ContinuousBackupsUnavailableException", failure.TableNotReady, "start again in some minutes (no way)"},
		{"ListExports", "LimitExceededException", failure.Throttled, "DynamoDB refused the call because there are too many"},
		{"ListExports", "AccessDeniedException", failure.AccessDenied, "dynamodb:ListExports on table"},
		{"ExportTableToPointInTime", "ExportConflictException", failure.ExportConflict, "under another name (no way)"},
		{"ExportTableToPointInTime", "LimitExceededException", failure.ExportLimitReached, "as many exports in progress as DynamoDB allows"},
		{"ExportTableToPointInTime", "InvalidExportTimeException", failure.ExportTimeOutsideRecovery, "(now): no way. The table's recovery reaches from 2025-12-27T12:00:00Z to 2026-01-31T11:55:00Z"},
		{"ExportTableToPointInTime", "PointInTimeRecoveryUnavailableException", failure.PointInTimeRecoveryOff, "(no way)"},
		{"ExportTableToPointInTime", "TableNotFoundException", failure.TableNotFound, `there is no table "orders-`},
		{"ExportTableToPointInTime", "ValidationException", failure.ExportRefused, "DynamoDB refused dynamodb:ExportTableToPointInTime of table"},
		{"ExportTableToPointInTime", "AccessDeniedException", failure.AccessDenied, "dynamodb:ExportTableToPointInTime on table"},
	} {
		t.Run(test.operation+" "+test.exception, func(t *testing.T) {
			t.Parallel()
			tables := startExports(t)
			tables.Refuse(test.operation, test.exception, "no way", 20)
			r, err := planRun(t, tables, "run-1", fmt.Sprintf(`{"table": %q, "bucket": %q, "mode": "EXPORT"}`, testservers.Orders(t, 1), testservers.Bucket(t)))
			if err != nil {
				t.Fatal(err)
			}
			r.exporter.DynamoDB = dynamodb.NewFromConfig(tables.AWS(), func(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} })
			wantError(t, r.look(t), test.want, test.words)
		})
	}
}
