package export_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/local/exports"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// asks plans a run of an export of a table of its own, and calls the step once. It returns the number of requests to start an export.
func asks(t *testing.T, tables *exports.Server, export string) (requests int, err error) {
	t.Helper()
	bucket := testservers.Bucket(t)
	err = start(t, tables, "run-1", fmt.Sprintf(`{"table": %q, "bucket": %q, "export": %s}`, testservers.Orders(t, 1), bucket, export))
	if keys := testservers.Keys(t, bucket, ""); len(tables.Requests()) == 0 && len(keys) > 1 { // the run's claim
		t.Errorf("%v were written", keys)
	}
	return len(tables.Requests()), err
}

// An export that would fail, or that nobody wants, is refused before anything starts. It is noon.
func TestNothingIsStartedThatCannotEndWell(t *testing.T) {
	t.Parallel()
	const earliest = "2025-12-27T12:00:00Z to now"
	for _, test := range []struct {
		name, export string
		want         failure.Name
		words        []string
	}{
		{"a moment tomorrow", `{"exportTime": "2026-02-01T00:00:00Z"}`, failure.ExportTimeOutsideRecovery, []string{"export.exportTime: got 2026-02-01T00:00:00Z, which is in the future: it is now 2026-01-31T12:00:00Z", earliest}},
		{"a moment after the tolerance", `{"exportTime": "2026-01-31T12:00:05.001Z"}`, failure.ExportTimeOutsideRecovery, []string{"got 2026-01-31T12:00:05.001Z, which is in the future"}},
		{"a moment too long ago", `{"exportTime": "2025-12-27T11:59:59Z"}`, failure.ExportTimeOutsideRecovery, []string{"earlier than the start of the table's recovery", earliest}},
		{"a moment a millisecond too long ago", `{"exportTime": "2025-12-27T11:59:59.999Z"}`, failure.ExportTimeOutsideRecovery, []string{"got 2025-12-27T11:59:59.999Z"}},
		{"a window that begins too long ago", `{"from": "2025-12-27T11:59:59Z", "to": "2025-12-27T13:00:00Z"}`, failure.ExportTimeOutsideRecovery, []string{"export.from: got 2025-12-27T11:59:59Z", earliest}},
		{"a window a second too short", `{"from": "2026-01-31T09:00:00Z", "to": "2026-01-31T09:14:59Z"}`, failure.ExportWindowInvalid, []string{"is 14m59s, DynamoDB exports windows of 15m to 24h: give an earlier from or a later to"}},
		{"a window a millisecond too short", `{"from": "2026-01-31T09:00:00.001Z", "to": "2026-01-31T09:15:00Z"}`, failure.ExportWindowInvalid, []string{"is 14m59.999s"}},
		{"a window a second too long", `{"from": "2026-01-30T09:00:00Z", "to": "2026-01-31T09:00:01Z"}`, failure.ExportWindowInvalid, []string{"is 24h0m1s", `split it into several runs, or use "from": "last"`}},
		{"a window too long because it has no end", `{"from": "2026-01-20T09:00:00Z"}`, failure.ExportWindowInvalid, []string{"2026-01-20T09:00:00Z to 2026-01-31T11:55:00Z (export.to is not given, so it is the latest restorable moment)"}},
		{"a window too short because it has no end", `{"from": "2026-01-31T11:40:01Z"}`, failure.ExportWindowInvalid, []string{"to 2026-01-31T11:55:00Z (export.to is not given, so it is the latest restorable moment) is 14m59s"}},
		{"a window from the future", `{"from": "2026-02-01T09:00:00Z", "to": "2026-02-01T10:00:00Z"}`, failure.ExportWindowTooRecent, []string{"export.to: got 2026-02-01T10:00:00Z, it is now 2026-01-31T12:00:00Z: wait 22h0m0s"}},
		{"a window to after the tolerance", `{"from": "2026-01-31T09:00:00Z", "to": "2026-01-31T12:00:06Z"}`, failure.ExportWindowTooRecent, []string{"wait 6s, or give an earlier time"}},
		{"a chain to the last minutes", `{"from": "last", "to": "2026-01-31T11:55:01Z"}`, failure.ExportWindowTooRecent, []string{"a chain ends at the latest restorable moment at most, which is 2026-01-31T11:55:00Z: wait 1s"}},
		{"a chain to the end of time", `{"from": "last", "to": "9999-12-31T23:59:59Z"}`, failure.ExportWindowTooRecent, []string{"which is 2026-01-31T11:55:00Z: give an earlier time, or leave it out"}},
		{"a chain to a moment too long ago", `{"from": "last", "to": "2025-12-27T11:00:00Z"}`, failure.ExportTimeOutsideRecovery, []string{"export.to: got 2025-12-27T11:00:00Z"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			n, err := asks(t, startExports(t), test.export)
			wantError(t, err, test.want, test.words...)
			if n > 0 {
				t.Errorf("%d requests were sent", n)
			}
		})
	}
}

// Everything else is DynamoDB's to decide. The server accepts times up to its clock, as DynamoDB is known to do.
func TestDynamoDBDecidesAboutTheLastMinutes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, export string
		want         failure.Name // "" if the export starts
		words        string
	}{
		{"the earliest moment", `{"exportTime": "2025-12-27T12:00:00Z"}`, "", ""},
		{"the latest restorable moment", `{"exportTime": "2026-01-31T11:55:00Z"}`, "", ""},
		{"4:40 ago", `{"exportTime": "2026-01-31T11:55:20Z"}`, "", ""},
		{"4:40 ago, in milliseconds", `{"exportTime": "2026-01-31T11:55:20.109Z"}`, "", ""},
		{"now", `{"exportTime": "2026-01-31T12:00:00Z"}`, "", ""},
		{"a second ahead", `{"exportTime": "2026-01-31T12:00:01Z"}`, failure.ExportTimeOutsideRecovery, "(exportTime 2026-01-31T12:00:01Z): Export Time is invalid. The table's recovery reaches from"},
		{"a window to 4:40 ago", `{"from": "2026-01-31T11:00:00Z", "to": "2026-01-31T11:55:20Z"}`, "", ""},
		{"a window to now", `{"from": "2026-01-31T11:45:00Z", "to": "2026-01-31T12:00:00Z"}`, "", ""},
		{"a window of milliseconds", `{"from": "2026-01-31T11:37:47.109Z", "to": "2026-01-31T11:52:47.109Z"}`, "", ""},
		{"a window of 24 hours", `{"from": "2026-01-30T11:59:59.999Z", "to": "2026-01-31T11:59:59.999Z"}`, "", ""},
		{"a window to a second ahead", `{"from": "2026-01-31T11:00:00Z", "to": "2026-01-31T12:00:01Z"}`, failure.ExportWindowTooRecent, "cannot be greater than the current time : 2026-01-31T12:00:01.000Z. The latest restorable moment is 2026-01-31T11:55:00Z: wait 5m1s"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			n, err := asks(t, startExports(t), test.export)
			if n != 1 {
				t.Errorf("%d requests were sent", n)
			}
			if test.want != "" {
				wantError(t, err, test.want, test.words)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// DynamoDB has one exception for all faults of times.
func TestRefusedTimesAreNamed(t *testing.T) {
	t.Parallel()
	const window = `{"from": "2026-01-31T09:00:00Z", "to": "2026-01-31T10:00:00Z"}`
	for _, test := range []struct {
		export, message string
		want            failure.Name
	}{
		{`{"exportTime": "2026-01-31T11:59:00Z"}`, "Point in Time Recovery is not available for specified export time", failure.ExportTimeOutsideRecovery},
		{`{}`, "Export Time is invalid", failure.ExportTimeOutsideRecovery},
		{window, "Incremental export period from time cannot be less than the table creation time : 2026-01-31T09:00:00Z", failure.ExportTimeOutsideRecovery},
		{window, "Difference between export period from time and export period to time is less than 15 minutes", failure.ExportWindowInvalid},
		{`{"from": "2026-01-31T09:00:00Z", "to": "2026-01-31T11:56:00Z"}`, "no", failure.ExportWindowTooRecent},
	} {
		tables := startExports(t)
		tables.Refuse("ExportTableToPointInTime", "InvalidExportTimeException", test.message, 1)
		_, err := asks(t, tables, test.export)
		wantError(t, err, test.want, "DynamoDB refused the times of the export", test.message)
	}
}

func setRecovery(t *testing.T, tables *exports.Server, table string, on bool) {
	t.Helper()
	if _, err := dynamodb.NewFromConfig(tables.AWS()).UpdateContinuousBackups(t.Context(), &dynamodb.UpdateContinuousBackupsInput{
		TableName: &table, PointInTimeRecoverySpecification: &types.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: &on},
	}); err != nil {
		t.Fatal(err)
	}
}

// answering answers one operation of DynamoDB itself, and passes everything else on.
type answering struct {
	aws.HTTPClient
	operation, body string
}

func (a answering) Do(request *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(request.Header.Get("X-Amz-Target"), "."+a.operation) {
		return a.HTTPClient.Do(request)
	}
	header := http.Header{"Date": {noon.Format(http.TimeFormat)}}
	return &http.Response{StatusCode: http.StatusOK, Header: header, Body: io.NopCloser(strings.NewReader(a.body)), Request: request}, nil
}

// The bounds of recovery as DynamoDB could describe them, for a chain, which needs them, and for an export of now, which does not.
func TestShapesOfRecovery(t *testing.T) {
	t.Parallel()
	at := func(ago time.Duration) string { return fmt.Sprintf("%.3f", float64(noon.Add(-ago).UnixMilli())/1000) }
	for _, test := range []struct{ name, status, bounds, words string }{
		{"no bounds", "ENABLED", ``, "has just been switched on and is not ready yet: no later moment can be restored. Start again in about 5 min"},
		{"no earliest", "ENABLED", `, "LatestRestorableDateTime": ` + at(0), "Start again in about 5 min"},
		{"no latest", "ENABLED", `, "EarliestRestorableDateTime": ` + at(2*time.Minute), "switched on at 2026-01-31T11:58:00Z and is not ready yet: no later moment can be restored. Start again in about 3 min"},
		{"both in one second", "ENABLED", `, "EarliestRestorableDateTime": ` + at(1568*time.Millisecond) + `, "LatestRestorableDateTime": ` + at(1568*time.Millisecond), "switched on at 2026-01-31T11:59:58.432Z and"},
		{"latest before earliest", "ENABLED", `, "EarliestRestorableDateTime": ` + at(time.Minute) + `, "LatestRestorableDateTime": ` + at(5*time.Minute), "switched on at 2026-01-31T11:59:00Z and"},
		{"being switched on", "ENABLING", ``, "is ENABLING: start again when it is ENABLED"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for _, export := range []string{`{"from": "last"}`, `{}`} {
				tables := startExports(t)
				r, err := planRun(t, tables, "run-1", fmt.Sprintf(`{"table": %q, "bucket": %q, "export": %s}`, testservers.Orders(t, 1), testservers.Bucket(t), export))
				if err != nil {
					t.Fatal(err)
				}
				cfg := tables.AWS()
				cfg.HTTPClient = answering{http.DefaultClient, "DescribeContinuousBackups", fmt.Sprintf(
					`{"ContinuousBackupsDescription": {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": %q%s}}}`, test.status, test.bounds)}
				r.exporter.DynamoDB = dynamodb.NewFromConfig(cfg)
				if err = r.look(t); export == `{}` && test.status == "ENABLED" {
					if err != nil || len(tables.Requests()) != 1 {
						t.Errorf("an export of now: %d requests, %v", len(tables.Requests()), err)
					}
					continue
				}
				wantError(t, err, failure.TableNotReady, test.words)
			}
		})
	}
}

func TestRecoveryMustBeOn(t *testing.T) {
	t.Parallel()
	tables, table, bucket := startExports(t), testservers.Orders(t, 1), testservers.Bucket(t)
	setRecovery(t, tables, table, false)
	err := start(t, tables, "run-1", fmt.Sprintf(`{"table": %q, "bucket": %q, "mode": "EXPORT"}`, table, bucket))
	wantError(t, err, failure.PointInTimeRecoveryOff,
		"aws dynamodb update-continuous-backups --table-name "+table+" --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true")
}

// Minutes after recovery was switched on, it has no window from which a run could choose a moment. Both of its bounds are one moment.
func TestRecoveryThatWasJustSwitchedOnIsNotReady(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, export string
		since        time.Duration // how long ago it was switched on
		want         failure.Name  // "" if the export starts
		words        string
	}{
		{"a chain at once", `{"from": "last"}`, 0, failure.TableNotReady, "has just been switched on at 2026-01-31T12:00:00Z and is not ready yet: no later moment can be restored. Start again in about 5 min. A full export without exportTime need not wait"},
		{"a chain after a fraction of a second", `{"from": "last"}`, 432 * time.Millisecond, failure.TableNotReady, "in about 5 min"},
		{"a chain almost ready", `{"from": "last"}`, 5 * time.Minute, failure.TableNotReady, "in about 1 min"},
		{"a chain that is ready", `{"from": "last"}`, 5*time.Minute + time.Second, "", ""},
		{"a chain to a moment", `{"from": "last", "to": "2026-01-31T12:00:00Z"}`, time.Minute, failure.TableNotReady, "in about 4 min"},
		{"a window without an end", `{"from": "2026-01-31T12:00:00Z"}`, time.Minute, failure.TableNotReady, "in about 4 min"},
		{"a moment before", `{"exportTime": "2026-01-31T11:00:00Z"}`, time.Minute, failure.ExportTimeOutsideRecovery, "earlier than the start of the table's recovery; allowed: 2026-01-31T12:00:00Z to now, 2026-01-31T12:01:00Z"},
		{"now", `{}`, 0, "", ""},
		{"a moment since", `{"exportTime": "2026-01-31T12:00:30Z"}`, time.Minute, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			tables, table := startExports(t), testservers.Orders(t, 1)
			setRecovery(t, tables, table, false)
			setRecovery(t, tables, table, true)
			tables.Advance(test.since)
			err := start(t, tables, "run-1", fmt.Sprintf(`{"table": %q, "bucket": %q, "export": %s}`, table, testservers.Bucket(t), test.export))
			if test.want != "" {
				wantError(t, err, test.want, test.words)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}
