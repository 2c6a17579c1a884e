package exports_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func TestRecoveryIsSwitchedOffAndOn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	table := f.things()
	f.put(table, "a", "1")
	show := func(d *types.ContinuousBackupsDescription) string {
		p := d.PointInTimeRecoveryDescription
		text := fmt.Sprint(d.ContinuousBackupsStatus, " ", p.PointInTimeRecoveryStatus, " ", aws.ToInt32(p.RecoveryPeriodInDays))
		for _, at := range []*time.Time{p.EarliestRestorableDateTime, p.LatestRestorableDateTime} {
			if at != nil {
				text += " " + at.UTC().Format("01-02T15:04:05.000")
			}
		}
		return text
	}
	check := func(want string) {
		t.Helper()
		out, err := f.db.DescribeContinuousBackups(t.Context(), &dynamodb.DescribeContinuousBackupsInput{TableName: &table})
		f.ok(err)
		if got := show(out.ContinuousBackupsDescription); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	set := func(on bool, days *int32, want string) {
		t.Helper()
		out, err := f.db.UpdateContinuousBackups(t.Context(), &dynamodb.UpdateContinuousBackupsInput{
			TableName:                        f.arn(table), // or its name
			PointInTimeRecoverySpecification: &types.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: &on, RecoveryPeriodInDays: days},
		})
		f.ok(err)
		if got := show(out.ContinuousBackupsDescription); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		check(want)
	}
	check("ENABLED ENABLED 35 01-25T12:00:00.000 03-01T11:55:00.000")
	f.Advance(1500 * time.Millisecond)
	check("ENABLED ENABLED 35 01-25T12:00:01.500 03-01T11:55:01.500")
	set(true, aws.Int32(2), "ENABLED ENABLED 2 02-27T12:00:01.500 03-01T11:55:01.500")
	set(false, nil, "ENABLED DISABLED 0")
	f.Advance(time.Hour)
	f.put(table, "a", "2")
	set(true, nil, "ENABLED ENABLED 35 03-01T13:00:01.500 03-01T13:00:01.500")
	on := f.Now()
	f.Advance(time.Minute)
	f.put(table, "a", "3")
	check("ENABLED ENABLED 35 03-01T13:00:01.500 03-01T13:00:01.500")
	f.Advance(time.Hour)
	check("ENABLED ENABLED 35 03-01T13:00:01.500 03-01T13:56:01.500")
	set(true, aws.Int32(1), "ENABLED ENABLED 1 03-01T13:00:01.500 03-01T13:56:01.500")

	if got := brief(f.state(f.export(f.full(table, on)))); got != "a=2" {
		t.Errorf("at the time of switching on: %s", got)
	}
	if _, err := f.db.ExportTableToPointInTime(t.Context(), f.full(table, on.Add(-time.Millisecond))); code(err) != "InvalidExportTimeException" {
		t.Errorf("before it was switched on: %v", err)
	}
	f.Advance(24 * time.Hour)
	check("ENABLED ENABLED 1 03-01T14:01:01.500 03-02T13:56:01.500")

	for _, days := range []int32{0, 36} {
		_, err := f.db.UpdateContinuousBackups(t.Context(), &dynamodb.UpdateContinuousBackupsInput{
			TableName:                        &table,
			PointInTimeRecoverySpecification: &types.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: aws.Bool(true), RecoveryPeriodInDays: &days},
		})
		if code(err) != "ValidationException" {
			t.Errorf("%d days: %v", days, err)
		}
	}
	_, err := f.db.DescribeContinuousBackups(t.Context(), &dynamodb.DescribeContinuousBackupsInput{TableName: aws.String("no-such-table")})
	if _, ok := errors.AsType[*types.TableNotFoundException](err); !ok {
		t.Errorf("an unknown table: %v", err)
	}
}

func TestATableThatIsMadeAgainHasAHistoryOfItsOwn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	table := f.things()
	direct := testservers.DynamoDB()
	remake := func(db *dynamodb.Client) {
		t.Helper()
		_, err := db.DeleteTable(t.Context(), &dynamodb.DeleteTableInput{TableName: &table})
		f.ok(err)
		for { // dynalite deletes it a moment later
			_, err := db.CreateTable(t.Context(), &dynamodb.CreateTableInput{
				TableName:            &table,
				BillingMode:          types.BillingModePayPerRequest,
				KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
				AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
			})
			if code(err) != "ResourceInUseException" {
				f.ok(err)
				break
			}
		}
		waiter := dynamodb.NewTableExistsWaiter(db, func(o *dynamodb.TableExistsWaiterOptions) { o.MinDelay = time.Millisecond })
		f.ok(waiter.Wait(t.Context(), &dynamodb.DescribeTableInput{TableName: &table}, time.Minute))
	}
	for _, c := range []struct {
		name string
		db   *dynamodb.Client
	}{{"through the server", f.db}, {"directly", direct}} {
		f.put(table, "of the old table", "1")
		if got := brief(f.state(f.export(f.full(table)))); got != "of the old table=1" {
			t.Errorf("%s: %s", c.name, got)
		}
		old := f.export(f.full(table))
		remake(c.db)
		f.Advance(time.Hour)
		if c.db == f.db {
			f.put(table, "of the new table", "1")
		}
		d := f.export(f.full(table))
		if got, want := brief(f.state(d)), map[bool]string{true: "of the new table=1"}[c.db == f.db]; got != want || *d.TableId == *old.TableId {
			t.Errorf("%s: after it was made again: %s, the table is %s and was %s", c.name, got, *d.TableId, *old.TableId)
		}
		remake(f.db)
	}
	_, err := f.db.DeleteTable(t.Context(), &dynamodb.DeleteTableInput{TableName: &table})
	f.ok(err)
	in := &exportInput{TableArn: aws.String("arn:aws:dynamodb:us-east-1:000000000000:table/" + table), S3Bucket: &f.bucket}
	for err = error(nil); err == nil; {
		_, err = f.db.ExportTableToPointInTime(t.Context(), in)
		in.ClientToken = nil
	}
	if code(err) != "TableNotFoundException" {
		t.Errorf("after it was deleted: %v", err)
	}
}
