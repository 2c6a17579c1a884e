package exports_test

import (
	"fmt"
	"path"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/local/exports"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
)

func TestFilteredExport(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	table := f.things()
	for i := range 60 {
		f.put(table, fmt.Sprint("id-", i), []string{"even", "odd"}[i%2])
	}
	then := f.Now()
	f.Advance(time.Hour)
	for i := range 60 {
		f.delete(table, fmt.Sprint("id-", i))
	}
	in := f.full(table, then)
	in.FilterSpecification = &types.FilterSpecification{
		FilterExpression: aws.String("v = :v AND id < :id"), ProjectionExpression: aws.String("#id"), ExpressionAttributeNames: map[string]string{"#id": "id"},
		ExpressionAttributeValues: item{":v": text("even"), ":id": text("id-2")},
	}
	d := f.export(in)
	if got := strings.Join(f.lines(d), ""); strings.Count(got, "\n") != 6 || !strings.Contains(got, `{"Item":{"id":{"S":"id-18"}}}`) {
		t.Errorf("even numbers below 2, as text: %s", got)
	}
	if diff := cmp.Diff(in.FilterSpecification, d.FilterSpecification, ignoreSerde); diff != "" {
		t.Errorf("the description's filter (-want +got):\n%s", diff)
	}
	in.FilterSpecification = &types.FilterSpecification{
		KeyConditionExpression: aws.String("id = :id"), ExpressionAttributeValues: item{":id": text("id-7")},
	}
	if got := brief(f.state(f.export(in))); got != "id-7=odd" {
		t.Errorf("by key: %s", got)
	}
	in.FilterSpecification = &types.FilterSpecification{FilterExpression: aws.String("v =")}
	if _, err := f.db.ExportTableToPointInTime(t.Context(), in); code(err) != "ValidationException" {
		t.Errorf("a wrong filter: %v", err)
	}
	in.FilterSpecification = &types.FilterSpecification{}
	if _, err := f.db.ExportTableToPointInTime(t.Context(), in); code(err) != "ValidationException" {
		t.Errorf("an empty filter: %v", err)
	}
	tables, err := testservers.DynamoDB().ListTables(t.Context(), &dynamodb.ListTablesInput{ExclusiveStartTableName: aws.String("export-")})
	f.ok(err)
	for _, name := range tables.TableNames {
		if strings.HasPrefix(name, "export-") {
			t.Errorf("table %s was left", name)
		}
	}
}

func TestFailedExports(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	table := f.things()
	f.put(table, "a", "1")

	missing := f.full(table)
	missing.S3Bucket = aws.String("no-such-bucket")
	foreign := f.full(table)
	foreign.S3BucketOwner = aws.String("somebody-else")
	mine := f.full(table)
	mine.S3BucketOwner = aws.String("000000000000")
	for _, c := range []struct {
		name string
		in   *dynamodb.ExportTableToPointInTimeInput
		want string
	}{
		{"no bucket", missing, "S3NoSuchBucket"},
		{"another's bucket", foreign, "S3AccessDenied"},
		{"my bucket", mine, ""},
	} {
		d := f.export(c.in)
		if got := aws.ToString(d.FailureCode); got != c.want || (got != "") != (aws.ToString(d.FailureMessage) != "") || (got != "") != (d.ExportStatus == types.ExportStatusFailed) {
			t.Errorf("%s: %s, %s, %q", c.name, d.ExportStatus, got, aws.ToString(d.FailureMessage))
		}
	}

	f.Fail("KmsNotFoundException", "no such key", 2)
	for i := range 3 {
		d := f.export(f.full(table))
		if want := map[bool]string{true: "KmsNotFoundException", false: ""}[i < 2]; aws.ToString(d.FailureCode) != want {
			t.Errorf("export %d: %s", i, aws.ToString(d.FailureCode))
		}
		if d.ExportStatus == types.ExportStatusFailed && (d.ExportManifest != nil || d.ItemCount != nil || d.EndTime == nil || *d.FailureMessage != "no such key") {
			t.Errorf("a failed export's description is %+v", d)
		}
		manifests := testservers.Keys(t, f.bucket, "raw/AWSDynamoDB/"+path.Base(*d.ExportArn)+"/manifest")
		if (d.ExportStatus == types.ExportStatusFailed) != (len(manifests) == 0) {
			t.Errorf("%s, and the manifests are %v", d.ExportStatus, manifests)
		}
	}
	if all := f.Exports(); len(all) != 6 || all[3].FailureCode != "KmsNotFoundException" || all[5].Status != "COMPLETED" || all[5].Manifest == "" {
		t.Errorf("started: %+v", all)
	}
}

func TestExportsTakeTheirTime(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(o *exports.Options) { o.Checks = 3 })
	table := f.things()
	out, err := f.db.ExportTableToPointInTime(t.Context(), f.full(table))
	f.ok(err)
	arn := out.ExportDescription.ExportArn
	seen := 0
	for f.describe(arn).ExportStatus == types.ExportStatusInProgress {
		seen++
	}
	if d := f.describe(arn); seen < 3 || d.ExportStatus != types.ExportStatusCompleted {
		t.Errorf("seen in progress %d times, then %s", seen, d.ExportStatus)
	}

	f.Hold()
	out, err = f.db.ExportTableToPointInTime(t.Context(), f.full(table))
	f.ok(err)
	arn = out.ExportDescription.ExportArn
	for range 5 {
		if d := f.describe(arn); d.ExportStatus != types.ExportStatusInProgress || d.ExportManifest != nil || d.EndTime != nil {
			t.Errorf("held: %+v", d)
		}
	}
	if keys := testservers.Keys(t, f.bucket, "raw/AWSDynamoDB/"+path.Base(*arn)+"/manifest"); len(keys) > 0 {
		t.Errorf("held, and there is %v", keys)
	}
	f.Finish()
	if d := f.describe(arn); d.ExportStatus != types.ExportStatusCompleted {
		t.Errorf("finished: %+v", d)
	}

	slow := newFixture(t, func(o *exports.Options) { o.Delay = time.Hour })
	out, err = slow.db.ExportTableToPointInTime(t.Context(), slow.full(table))
	slow.ok(err)
	if d := slow.describe(out.ExportDescription.ExportArn); d.ExportStatus != types.ExportStatusInProgress {
		t.Errorf("within its hour: %s", d.ExportStatus)
	}
	slow.Stop() // does not take an hour
	if all := slow.Exports(); len(all) != 1 || all[0].Status != "FAILED" {
		t.Errorf("stopped: %+v", all)
	}
}
