package exports_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

type exportInput = dynamodb.ExportTableToPointInTimeInput

func TestRefusedExports(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	table := f.things()
	f.put(table, "a", "1")
	f.Advance(48 * time.Hour)
	now := f.Now()
	off := f.things()
	_, err := f.db.UpdateContinuousBackups(t.Context(), &dynamodb.UpdateContinuousBackupsInput{
		TableName: &off, PointInTimeRecoverySpecification: &types.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: aws.Bool(false)},
	})
	f.ok(err)
	latest, earliest := now.Add(-5*time.Minute), now.AddDate(0, 0, -35)
	window := func(from, to time.Time) *exportInput { return f.window(table, from, to) }
	with := func(in *exportInput, change func(*exportInput)) *exportInput { change(in); return in }
	for _, c := range []struct {
		name string
		in   *exportInput
		want string // the exception; empty: it starts
	}{
		{"of an unknown table", with(f.full(table), func(in *exportInput) { *in.TableArn += "s" }), "TableNotFoundException"},
		{"of a table of another account", with(f.full(table), func(in *exportInput) {
			in.TableArn = aws.String("arn:aws:dynamodb:us-east-1:111111111111:table/" + table)
		}), "TableNotFoundException"},
		{"without recovery", f.full(off), "PointInTimeRecoveryUnavailableException"},

		{"of the latest restorable time", f.full(table, latest), ""},
		{"just after the latest restorable time", f.full(table, latest.Add(time.Millisecond)), ""},
		{"of now", f.full(table, now), ""},
		{"of the future", f.full(table, now.Add(time.Millisecond)), "InvalidExportTimeException"},
		{"of the earliest time", f.full(table, earliest), ""},
		{"just before the earliest time", f.full(table, earliest.Add(-time.Millisecond)), "InvalidExportTimeException"},

		{"15 minutes", window(latest.Add(-15*time.Minute), latest), ""},
		{"a second less", window(latest.Add(-15*time.Minute+time.Second), latest), "InvalidExportTimeException"},
		{"24 hours", window(earliest, earliest.Add(24*time.Hour)), ""},
		{"a second more", window(earliest, earliest.Add(24*time.Hour+time.Second)), "InvalidExportTimeException"},
		{"backwards", window(latest, latest.Add(-time.Hour)), "InvalidExportTimeException"},
		{"from before the earliest time", window(earliest.Add(-time.Second), earliest.Add(time.Hour)), "InvalidExportTimeException"},
		{"to after the latest restorable time", window(latest.Add(-time.Hour), latest.Add(time.Second)), ""},
		{"to now", window(now.Add(-time.Hour), now), ""},
		{"to the future", window(now.Add(-time.Hour), now.Add(time.Millisecond)), "InvalidExportTimeException"},
		{"of milliseconds", window(latest.Add(-15*time.Minute-109*time.Millisecond), latest.Add(-109*time.Millisecond)), ""},
		{"of a millisecond less", window(latest.Add(-15*time.Minute-108*time.Millisecond), latest.Add(-109*time.Millisecond)), "InvalidExportTimeException"},
		{"without an end", with(window(now.Add(-time.Hour), latest), func(in *exportInput) { in.IncrementalExportSpecification.ExportToTime = nil }), ""},
		{"without a beginning", with(window(earliest, latest), func(in *exportInput) { in.IncrementalExportSpecification.ExportFromTime = nil }), "ValidationException"},

		{"incremental without a window", with(f.full(table), func(in *exportInput) { in.ExportType = types.ExportTypeIncrementalExport }), "ValidationException"},
		{"incremental of a time", with(window(latest.Add(-time.Hour), latest), func(in *exportInput) { in.ExportTime = &latest }), "ValidationException"},
		{"a window without incremental", with(window(latest.Add(-time.Hour), latest), func(in *exportInput) { in.ExportType = "" }), "ValidationException"},
		{"an unknown view", with(window(latest.Add(-time.Hour), latest), func(in *exportInput) { in.IncrementalExportSpecification.ExportViewType = "NEW_IMAGES" }), "ValidationException"},
		{"incremental with a filter", with(window(latest.Add(-time.Hour), latest), func(in *exportInput) {
			in.FilterSpecification = &types.FilterSpecification{ProjectionExpression: aws.String("id")}
		}), "ValidationException"},
		{"explicitly full", with(f.full(table), func(in *exportInput) { in.ExportType = types.ExportTypeFullExport }), ""},
		{"an unknown type", with(f.full(table), func(in *exportInput) { in.ExportType = "FULL" }), "ValidationException"},
		{"ION", with(f.full(table), func(in *exportInput) { in.ExportFormat = types.ExportFormatIon }), "ValidationException"},
		{"an unknown format", with(f.full(table), func(in *exportInput) { in.ExportFormat = "CSV" }), "ValidationException"},
		{"a key without KMS", with(f.full(table), func(in *exportInput) { in.S3SseKmsKeyId = aws.String("alias/lake") }), "ValidationException"},
		{"an unknown encryption", with(f.full(table), func(in *exportInput) { in.S3SseAlgorithm = "DES" }), "ValidationException"},
		{"no bucket", with(f.full(table), func(in *exportInput) { in.S3Bucket = aws.String("") }), "ValidationException"},
	} {
		out, err := f.db.ExportTableToPointInTime(t.Context(), c.in)
		switch {
		case c.want != "" && code(err) != c.want:
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want == "" && out.ExportDescription.ExportType != c.in.ExportType:
			t.Errorf("%s: the type is %q", c.name, out.ExportDescription.ExportType)
		}
	}
	// The SDK has types for them.
	_, err = f.db.ExportTableToPointInTime(t.Context(), f.full(off))
	if _, ok := errors.AsType[*types.PointInTimeRecoveryUnavailableException](err); !ok {
		t.Errorf("without recovery: %v", err)
	}
	_, err = f.db.DescribeExport(t.Context(), &dynamodb.DescribeExportInput{ExportArn: aws.String(*f.arn(table) + "/export/01234567890123-00000000")})
	if _, ok := errors.AsType[*types.ExportNotFoundException](err); !ok {
		t.Errorf("an unknown export: %v", err)
	}
	f.Finish()
	if n := len(f.Requests()); n != 35 {
		t.Errorf("%d requests were recorded", n)
	}
}

func TestClientTokens(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	table := f.things()
	start := func(token, prefix string) (*types.ExportDescription, error) {
		in := f.full(table)
		in.ClientToken, in.S3Prefix = &token, &prefix
		out, err := f.db.ExportTableToPointInTime(t.Context(), in)
		f.Finish()
		if err != nil {
			return nil, err
		}
		return out.ExportDescription, nil
	}
	f.Fail("S3AccessDenied", "no", 1)
	first, err := start("one", "raw")
	f.ok(err)
	f.Advance(8*time.Hour - time.Millisecond)
	again, err := start("one", "raw")
	f.ok(err)
	if *again.ExportArn != *first.ExportArn || again.ExportStatus != types.ExportStatusFailed || *again.FailureCode != "S3AccessDenied" || *again.ClientToken != "one" {
		t.Errorf("the token again: %+v", again)
	}
	_, err = start("one", "elsewhere")
	if _, ok := errors.AsType[*types.ExportConflictException](err); !ok {
		t.Errorf("the token with another prefix: %v", err)
	}
	other, err := start("two", "raw")
	f.ok(err)
	if *other.ExportArn == *first.ExportArn {
		t.Error("another token, but no other export")
	}
	f.Advance(time.Millisecond)
	late, err := start("one", "elsewhere")
	f.ok(err)
	if *late.ExportArn == *first.ExportArn || late.ExportStatus != types.ExportStatusInProgress {
		t.Errorf("after 8 hours: %+v", late)
	}
	if again, err := start("one", "elsewhere"); err != nil || *again.ExportArn != *late.ExportArn || again.ExportStatus != types.ExportStatusCompleted {
		t.Errorf("the new export of the old token: %+v, %v", again, err)
	}
	var body struct{ ClientToken, S3Prefix string }
	if all := f.Requests(); len(all) != 6 || json.Unmarshal(all[2], &body) != nil || body.ClientToken != "one" || body.S3Prefix != "elsewhere" {
		t.Errorf("the requests are %s", all)
	}
}

func TestListExports(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	tables := []string{f.things(), f.things()}
	var arns []string // the newest first
	for i := range 30 {
		in := f.full(tables[i%2])
		if i == 29 {
			in.ExportType = types.ExportTypeFullExport
		}
		out, err := f.db.ExportTableToPointInTime(t.Context(), in)
		f.ok(err)
		arns = slices.Insert(arns, 0, *out.ExportDescription.ExportArn)
	}
	f.Finish()
	list := func(in *dynamodb.ListExportsInput) (found []string, pages []int) {
		t.Helper()
		for {
			out, err := f.db.ListExports(t.Context(), in)
			f.ok(err)
			pages = append(pages, len(out.ExportSummaries))
			for _, summary := range out.ExportSummaries {
				if found = append(found, *summary.ExportArn); summary.ExportStatus != types.ExportStatusCompleted {
					t.Errorf("%s is %s", *summary.ExportArn, summary.ExportStatus)
				}
				if (summary.ExportType == types.ExportTypeFullExport) != (*summary.ExportArn == arns[0]) {
					t.Errorf("%s is %s", *summary.ExportArn, summary.ExportType)
				}
			}
			if in.NextToken = out.NextToken; in.NextToken == nil {
				return found, pages
			}
		}
	}
	if found, pages := list(&dynamodb.ListExportsInput{}); !slices.Equal(found, arns) || !slices.Equal(pages, []int{25, 5}) {
		t.Errorf("all: %v in pages of %v", found, pages)
	}
	if found, pages := list(&dynamodb.ListExportsInput{MaxResults: aws.Int32(10)}); !slices.Equal(found, arns) || !slices.Equal(pages, []int{10, 10, 10}) {
		t.Errorf("by 10: %v in pages of %v", found, pages)
	}
	var odd []string
	for i := 0; i < 30; i += 2 {
		odd = append(odd, arns[i])
	}
	if found, pages := list(&dynamodb.ListExportsInput{MaxResults: aws.Int32(8), TableArn: f.arn(tables[1])}); !slices.Equal(found, odd) || !slices.Equal(pages, []int{8, 7}) {
		t.Errorf("of one table: %v in pages of %v", found, pages)
	}
	if found, _ := list(&dynamodb.ListExportsInput{TableArn: aws.String("arn:aws:dynamodb:us-east-1:000000000000:table/none")}); len(found) > 0 {
		t.Errorf("of no table: %v", found)
	}
	for _, in := range []*dynamodb.ListExportsInput{{MaxResults: aws.Int32(0)}, {MaxResults: aws.Int32(26)}, {NextToken: aws.String("?")}} {
		if _, err := f.db.ListExports(t.Context(), in); code(err) != "ValidationException" {
			t.Errorf("%+v: %v", in, err)
		}
	}
}
