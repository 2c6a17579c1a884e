package function_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	status "dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// watched is an HTTP client that counts the pages that are requested, and calls before ahead of each of them.
type watched struct {
	mu     sync.Mutex // guards pages
	pages  int
	before func(page int)
}

func (w *watched) Do(asked *http.Request) (*http.Response, error) {
	source, _ := testservers.Configs()
	if strings.HasSuffix(asked.Header.Get("X-Amz-Target"), ".Scan") {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.before != nil {
			w.before(w.pages)
		}
		w.pages++
	}
	return source.HTTPClient.Do(asked)
}

// replacements are what can happen to a table between two moments, with the error that the run must end with, and words of its cause.
var replacements = []struct {
	name    string
	replace func(t *testing.T, table string)
	want    failure.Name
	words   string
}{
	{"by a table of the same key", func(t *testing.T, table string) {
		testservers.ReplaceOrders(t, testservers.DynamoDB(), table, 30)
	}, failure.TableReplaced, "was deleted and created again after the run began: its TableId was"},
	{"by an empty table", func(t *testing.T, table string) {
		testservers.ReplaceOrders(t, testservers.DynamoDB(), table, 0)
	}, failure.TableReplaced, "was deleted and created again after the run began"},
	{"by a table of another key", func(t *testing.T, table string) {
		testservers.DeleteTable(t, testservers.DynamoDB(), table)
		createKeyed(t, table, "shop")
	}, failure.TableReplaced, "was deleted and created again after the run began"},
	{"by no table", func(t *testing.T, table string) {
		testservers.DeleteTable(t, testservers.DynamoDB(), table)
	}, failure.TableNotFound, "was deleted after the run began"},
}

// createKeyed creates a table with one item and a partition key of this name.
func createKeyed(t *testing.T, table, key string) {
	t.Helper()
	client := testservers.DynamoDB()
	if _, err := client.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: &table, BillingMode: types.BillingModePayPerRequest,
		KeySchema:            []types.KeySchemaElement{{AttributeName: &key, KeyType: types.KeyTypeHash}},
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: &key, AttributeType: types.ScalarAttributeTypeN}},
	}); err != nil {
		t.Fatal(err)
	}
	waiter := dynamodb.NewTableExistsWaiter(client, func(o *dynamodb.TableExistsWaiterOptions) { o.MinDelay = time.Millisecond })
	if err := waiter.Wait(t.Context(), &dynamodb.DescribeTableInput{TableName: &table}, time.Minute); err != nil {
		t.Fatal(err)
	}
	item := map[string]types.AttributeValue{key: &types.AttributeValueMemberN{Value: "1"}}
	if _, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: item}); err != nil {
		t.Fatal(err)
	}
}

// A table is deleted and created again while a run reads it, at any moment. The run ends by name and commits nothing. No list names a page
// of the new table. A redrive reads nothing.
func TestTableThatIsReplacedDuringARunIsNotCommitted(t *testing.T) {
	t.Parallel()
	for _, moment := range []struct {
		name    string
		hurry   time.Duration
		invoked int // replaced before this invocation of segment 1; -1 for never
		page    int // replaced before this page of all; -1 for never
	}{
		{"before the first invocation of a segment", 0, 0, -1},
		{"between two invocations", 5 * time.Minute, 2, -1},
		{"within an invocation", 0, -1, 6},
		{"before the last page", 0, -1, 9},
	} {
		for _, change := range replacements {
			t.Run(moment.name+", "+change.name, func(t *testing.T) {
				t.Parallel()
				table, bucket := testservers.Orders(t, 500), testservers.Bucket(t)
				old := testservers.TableID(t, testservers.DynamoDB(), table)
				pages := &watched{before: func(page int) {
					if page == moment.page {
						change.replace(t, table)
					}
				}}
				e := execution{
					t: t, name: "run-1", hurry: moment.hurry, pages: pages, request: fmt.Sprintf(`{"table": %q, "bucket": %q, "segments": 2, "scan": {"Limit": 50}}`, table, bucket),
				}
				var last run.ScanInput
				e.beforeScan = func(in run.ScanInput) bool {
					invocation := 0
					if in.Checkpoint != nil {
						invocation = in.Checkpoint.Invocation
					}
					if in.Segment == 1 && invocation == moment.invoked {
						change.replace(t, table)
					}
					last = in
					return true
				}
				planned, err := e.plan()
				if err != nil {
					t.Fatal(err)
				}
				err = e.scanAll(planned)
				words := []string{table, old, change.words, "Nothing is committed: start a new run under a new name"}
				if change.want == failure.TableReplaced {
					words = append(words, testservers.TableID(t, testservers.DynamoDB(), table))
				}
				wantName(t, err, change.want, words...)
				layout := planned.Plan.Layout()
				read := pages.pages
				if lists := testservers.Keys(t, bucket, layout.SegmentEnd(1)); len(lists) > 0 {
					t.Errorf("%v were written", lists)
				}
				if _, err := e.finalize(planned.Plan); err == nil || len(testservers.Keys(t, bucket, layout.Root+"/manifest")) > 0 {
					t.Errorf("finalize commits: %v", err)
				}
				// A redrive continues each segment from its last checkpoint.
				_, err = call[run.Checkpoint](e, "scan", last)
				wantName(t, err, change.want, change.words)
				if last.Checkpoint != nil && pages.pages > read {
					t.Errorf("%d pages were read again", pages.pages-read)
				}
			})
		}
	}
}

// An execution that plans again, and one that would take the run over, find another table than the claim's.
func TestRunIsNotContinuedWithAnotherTable(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"SCAN", "EXPORT"} {
		for _, change := range replacements[:3] {
			t.Run(mode+", "+change.name, func(t *testing.T) {
				t.Parallel()
				states := testservers.StartStepFunctions(t)
				table, bucket := testservers.Orders(t, 100), testservers.Bucket(t)
				first := execution{t: t, name: "e-1", states: states, request: fmt.Sprintf(`{"table": %q, "bucket": %q, "mode": %q, %s}`, table, bucket, mode, firing)}
				planned, err := first.plan()
				if err != nil {
					t.Fatal(err)
				}
				before := contents(t, bucket)
				change.replace(t, table)
				states.Set(first.id(), status.Failed, long())
				second := first
				second.name = "e-2"
				for _, e := range []execution{first, second} {
					_, err := e.plan()
					wantName(t, err, failure.TableReplaced, change.words, planned.Plan.TableID)
				}
				if after := contents(t, bucket); !slices.Equal(after, before) {
					t.Errorf("the bucket has changed to %v", after)
				}
			})
		}
	}
}

// A run that is committed stays committed, even if its table is replaced later.
func TestCommittedRunKeepsItsResultAfterItsTableIsReplaced(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, 100), testservers.Bucket(t)
	e := execution{t: t, name: "run-1", request: fmt.Sprintf(`{"table": %q, "bucket": %q}`, table, bucket)}
	result, err := e.run()
	if err != nil {
		t.Fatal(err)
	}
	testservers.ReplaceOrders(t, testservers.DynamoDB(), table, 30)
	again, err := e.run()
	if err != nil || again.Items != 100 || again.Manifest != result.Manifest {
		t.Errorf("got %+v, %v, want the result of the run", again, err)
	}
}
