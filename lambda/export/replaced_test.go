package export_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// interrupted is an HTTP client that calls before ahead of the request that starts an export.
type interrupted struct {
	aws.HTTPClient
	before func()
}

func (i interrupted) Do(asked *http.Request) (*http.Response, error) {
	if strings.HasSuffix(asked.Header.Get("X-Amz-Target"), ".ExportTableToPointInTime") {
		i.before()
	}
	return i.HTTPClient.Do(asked)
}

// A table that was replaced between the plan and the start is not exported. If it is replaced in the very moment before the start, the
// export is of the new table, and the run does not use it.
func TestTableThatIsReplacedIsNotExported(t *testing.T) {
	t.Parallel()
	for _, fields := range []string{``, `"exportTime": "2026-01-31T09:00:00Z"`, `"from": "2026-01-31T09:00:00Z"`, `"from": "last"`} {
		for _, late := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, late: %t", fields, late), func(t *testing.T) {
				t.Parallel()
				tables, table, bucket := startExports(t), testservers.Orders(t, 1), testservers.Bucket(t)
				r, err := planRun(t, tables, "run-1", fmt.Sprintf(`{"table": %q, "bucket": %q, "export": {%s}}`, table, bucket, fields))
				if err != nil {
					t.Fatal(err)
				}
				replace := func() { testservers.ReplaceOrders(t, dynamodb.NewFromConfig(tables.AWS()), table, 2) }
				started := 0
				if late {
					started = 1
					cfg := tables.AWS()
					cfg.HTTPClient = interrupted{cfg.HTTPClient, replace}
					r.exporter.DynamoDB = dynamodb.NewFromConfig(cfg)
				} else {
					replace()
				}
				for range 2 { // also in a redrive
					if err := r.look(t); failure.NameOf(err) != failure.TableReplaced || !strings.Contains(err.Error(), "its TableId was \""+r.in.Plan.TableID+"\" and is") {
						t.Errorf("got %v", err)
					}
				}
				if n := len(tables.Requests()); n != started {
					t.Errorf("%d exports were started, want %d", n, started)
				}
			})
		}
	}
	t.Run("deleted", func(t *testing.T) {
		t.Parallel()
		tables, table, bucket := startExports(t), testservers.Orders(t, 1), testservers.Bucket(t)
		r, err := planRun(t, tables, "run-1", fmt.Sprintf(`{"table": %q, "bucket": %q, "export": {}}`, table, bucket))
		if err != nil {
			t.Fatal(err)
		}
		testservers.DeleteTable(t, dynamodb.NewFromConfig(tables.AWS()), table)
		if err := r.look(t); failure.NameOf(err) != failure.TableNotFound || !strings.Contains(err.Error(), "was deleted after the run began") {
			t.Errorf("got %v", err)
		}
	})
}

// An export that has started is of the plan's table. It ends well even if the table is replaced while it is in progress.
func TestStartedExportOutlivesItsTable(t *testing.T) {
	t.Parallel()
	tables, table, bucket := startExports(t), testservers.Orders(t, 1), testservers.Bucket(t)
	r, err := planRun(t, tables, "run-1", fmt.Sprintf(`{"table": %q, "bucket": %q, "export": {}}`, table, bucket))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.look(t); err != nil || !r.in.Export.InProgress {
		t.Fatalf("%+v, %v", r.in.Export, err)
	}
	testservers.ReplaceOrders(t, dynamodb.NewFromConfig(tables.AWS()), table, 2)
	tables.Finish()
	if err := r.look(t); err != nil || r.in.Export.InProgress {
		t.Errorf("%+v, %v", r.in.Export, err)
	}
}
