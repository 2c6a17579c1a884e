package scan

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// described is a table of slow pages that answers DescribeTable with statuses and bodies in turn; the last one stays. The status 0 is no
// answer at all.
type described struct {
	*priced
	took time.Duration // of an answer
	says []says

	mu    sync.Mutex
	looks int
}

type says struct {
	times, status int
	body          string
}

func (d *described) Do(req *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(req.Header.Get("X-Amz-Target"), ".DescribeTable") {
		time.Sleep(time.Second)
		return d.priced.Do(req)
	}
	time.Sleep(d.took)
	d.mu.Lock()
	now, past := d.says[len(d.says)-1], 0
	for _, say := range d.says {
		if past += say.times; d.looks < past {
			now = say
			break
		}
	}
	d.looks++
	d.mu.Unlock()
	if now.status == 0 {
		<-req.Context().Done()
		return nil, req.Context().Err()
	}
	response := answer(req, now.body)
	response.StatusCode = now.status
	return response, nil
}

// run returns a run of one segment, which reads the table and writes to objects.
func (d *described) run(objects *line, timeout time.Duration) *children {
	c := newChildren(d.priced, 0, 1, 1, timeout)
	config := aws.Config{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}
	tables, stored := config.Copy(), config.Copy()
	tables.HTTPClient, stored.HTTPClient = d, objects
	c.step.Tables = func(run.Plan) *dynamodb.Client { return awsclient.DynamoDB(tables) }
	c.step.Objects = func(run.Plan) *s3.Client { return awsclient.S3(stored) }
	return c
}

func refused(times, status int, code string) says {
	return says{times, status, fmt.Sprintf(`{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":"no way"}`, code)}
}

const ever = 1 << 30

var (
	silent = says{times: ever}
	there  = says{ever, 200, `{"Table":{"TableStatus":"ACTIVE"}}`}
)

// A look that is refused or gets no answer does not throw away what the invocation has read. If no look succeeds while there is time, the
// invocation fails before its deadline and writes no list, and a retry reads the same pages again.
func TestLookIsRepeated(t *testing.T) {
	t.Parallel()
	throttled := refused(ever, 400, "ThrottlingException")
	for _, test := range []struct {
		name    string
		timeout time.Duration
		items   int
		says    []says
		err     failure.Name
		words   string
	}{
		{"throttled seven times, at the end of its time", 900 * time.Second, ever, []says{refused(7, 400, "ThrottlingException"), there}, "", ""},
		{"throttled seven times, at the end of the segment", 900 * time.Second, 40, []says{refused(7, 400, "ThrottlingException"), there}, "", ""},
		{"throttled for half a minute after four minutes", 900 * time.Second, 2400, []says{refused(20, 400, "ThrottlingException"), there}, "", ""},
		{"a server that is broken for a while", 900 * time.Second, ever, []says{refused(7, 500, "InternalServerError"), there}, "", ""},
		{"two questions without an answer", 900 * time.Second, ever, []says{{times: 2}, there}, "", ""},
		{"throttled once, with little time", 5 * time.Second, ever, []says{refused(1, 400, "ThrottlingException"), there}, "", ""},
		{"throttled to the end of its time", 900 * time.Second, ever, []says{throttled}, failure.Throttled, `dynamodb:DescribeTable on table "t": DynamoDB refused the call because there are too many`},
		{"throttled after the end of a short segment", 900 * time.Second, 40, []says{throttled}, failure.Throttled, "so the pages of this invocation must be read again"},
		{"throttled to the end, with little time", 5 * time.Second, ever, []says{throttled}, failure.Throttled, "ThrottlingException"},
		{"no answer to the end of its time", 900 * time.Second, ever, []says{silent}, failure.EndpointUnreachable, `dynamodb:DescribeTable on table "t": DynamoDB did not answer within`},
		{"throttled, then silent", 900 * time.Second, ever, []says{refused(3, 400, "ThrottlingException"), silent}, failure.EndpointUnreachable, "could not check for 13.9"},
		{"a permission that is missing", 900 * time.Second, 40, []says{refused(ever, 400, "AccessDeniedException")}, failure.AccessDenied, `dynamodb:DescribeTable on table "t" is not allowed`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				table := &described{priced: &priced{items: test.items, units: 13}, says: test.says}
				objects := &line{rate: func() int64 { return 20_000_000 }, trip: 10 * time.Millisecond}
				c := table.run(objects, test.timeout)
				ctx, cancel := context.WithTimeout(t.Context(), test.timeout)
				defer cancel()
				begun := time.Now()
				to, err := c.step.Run(ctx, run.ScanInput{Plan: c.plan})
				took, listed := time.Since(begun), strings.Contains(strings.Join(objects.objects, "\n"), "_segments/")
				t.Logf("%d pages, %d looks, %s of %s: %v", len(table.pages), table.looks, took, test.timeout, err)
				if took >= test.timeout {
					t.Errorf("the invocation took %s of %s", took, test.timeout)
				}
				if test.err == "" {
					if err != nil || to.Totals.Pages == 0 || to.Done != (test.items != ever) || !listed {
						t.Errorf("got %+v, %v, a list: %t", to, err, listed)
					}
					return
				}
				if err == nil || failure.NameOf(err) != test.err || !strings.Contains(err.Error(), test.words) || listed || to.Invocation != 0 {
					t.Fatalf("got %+v, %v, a list: %t, want %s with %s", to, err, listed, test.err, test.words)
				}

				table.says, table.items = []says{there}, 40
				if end := c.segment(t, 0); end.Totals.Items != 40 {
					t.Errorf("a retry has %d items, want 40", end.Totals.Items)
				}
			})
		})
	}
}

// The look and the upload of the last object take the time of the longer one. A look that finds another table stops the upload.
func TestLookRunsBesideTheUpload(t *testing.T) {
	t.Parallel()
	const slow = 10 * time.Second
	for _, test := range []struct {
		name        string
		upload      time.Duration
		most        time.Duration // of the invocation
		err         failure.Name
		objects     int // that S3 answered
		description string
	}{
		{name: "the planned table", description: `{"Table":{"TableStatus":"ACTIVE"}}`, upload: slow / 2, most: 17 * time.Second, objects: 3},
		{name: "another table", description: `{"Table":{"TableStatus":"ACTIVE","TableId":"new"}}`, upload: time.Hour, most: 12 * time.Second, err: failure.TableReplaced},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				table := &described{priced: &priced{items: 10, units: 13}, took: slow, says: []says{{ever, 200, test.description}}}
				objects := &line{rate: func() int64 { return 20_000_000 }, trip: test.upload}
				c := table.run(objects, 900*time.Second)
				ctx, cancel := context.WithTimeout(t.Context(), c.timeout)
				defer cancel()
				begun := time.Now()
				_, err := c.step.Run(ctx, run.ScanInput{Plan: c.plan})
				if took := time.Since(begun); took > test.most || len(objects.objects) != test.objects {
					t.Errorf("it took %s, want %s at most; %d looks, S3 has %v", took, test.most, table.looks, objects.objects)
				}
				if test.err == "" && err != nil || test.err != "" && (err == nil || failure.NameOf(err) != test.err) {
					t.Errorf("got %v, want %s", err, test.err)
				}
			})
		})
	}
}

// DynamoDB answers 2,500 requests a second of an account about its tables. All looks of the largest run succeed, even if all of its
// invocations end at the same moment.
func TestTenThousandLooksAtOnceSucceed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const timeout = 900 * time.Second
		ctx, cancel := context.WithTimeout(t.Context(), timeout)
		defer cancel()
		var mu sync.Mutex
		var asked int
		answers := map[int64]int{} // by second
		s := segment{budget: newBudget(ctx, time.Now), log: slog.New(slog.DiscardHandler), Source: Source{Confirm: func(context.Context) error {
			mu.Lock()
			defer mu.Unlock()
			asked++
			second := time.Now().Unix()
			if answers[second] == 2500 {
				return failure.Errorf(failure.Throttled, "throttled")
			}
			answers[second]++
			return nil
		}}}
		time.Sleep(time.Until(s.budget.stopBy(0)))
		begun := time.Now()
		var looks sync.WaitGroup
		for range 10_000 {
			looks.Go(func() {
				if err := s.look(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		looks.Wait()
		t.Logf("the last look succeeded after %s, with %d requests", time.Since(begun), asked)
	})
}

// The look before the first page only saves reads. So it has a second, and a failure that may pass does no harm.
func TestFirstLookHoldsNothingUp(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]says{"no answer": {times: 1}, "throttled": refused(1, 400, "ThrottlingException")} {
		synctest.Test(t, func(t *testing.T) {
			table := &described{priced: &priced{items: 10, units: 13}, says: []says{first, there}}
			c := table.run(&line{rate: func() int64 { return 20_000_000 }}, 900*time.Second)
			ctx, cancel := context.WithTimeout(t.Context(), c.timeout)
			defer cancel()
			begun := time.Now()
			to, err := c.step.Run(ctx, run.ScanInput{Plan: c.plan, Checkpoint: &run.Checkpoint{Invocation: 1}})
			if err != nil || !to.Done || table.looks != 2 || table.pages[0].at.Sub(begun) > 3*time.Second {
				t.Errorf("%s: got %+v, %v, after %d looks, the first page after %s", name, to, err, table.looks, table.pages[0].at.Sub(begun))
			}
		})
	}
}
