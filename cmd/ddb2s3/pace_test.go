package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/estimate"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/testservers"
	"dynamodb-to-s3/local/verify"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"
)

// BenchmarkPacedRun runs the whole program with a pace. Reading takes about a minute. A proxy in front of DynamoDB measures the consumed
// capacity, on average and in the worst 5 seconds, each as a fraction of the pace. The time and the read units are compared with the estimate
// of plan for a table of this size. Run it once:
//
//	go test ./cmd/ddb2s3 -run '^$' -bench PacedRun -benchtime 1x
func BenchmarkPacedRun(b *testing.B) {
	for _, test := range []struct {
		name        string
		items       int
		least, most int // bytes of an item
		segments    int
		concurrency int
		units       float64
	}{
		{"items of 7 KB", 13_000, 7 << 10, 7 << 10, 8, 8, 400},
		{"items of 1 to 5 KB", 7_000, 1 << 10, 5 << 10, 5, 2, 50},
		{"tiny items", 30_000, 60, 200, 4, 4, 10},
		{"items of 390 KB", 100, 390_000, 390_000, 2, 2, 100},
		{"items of 20 to 390 KB", 100, 20_000, 390_000, 3, 1, 60},
		{"waits of the state machine", 6, 390_000, 390_000, 1, 1, 4},
	} {
		table, bytes, spread := variedItems(b, test.items, test.least, test.most)
		b.Run(test.name, func(b *testing.B) {
			for b.Loop() {
				m := new(capacityProxy)
				server := m.start(b)
				bucket := testservers.Bucket(b)
				o := runProgramAt(b, server.URL, "--input", requestFile(b, fmt.Sprintf(
					`{"table": %q, "bucket": %q, "segments": %d, "concurrency": %d, "readUnitsPerSecond": %g}`,
					table, bucket, test.segments, test.concurrency, test.units)))
				server.Close()
				if o.code != 0 {
					b.Fatalf("exit %d: %+v\n%s", o.code, o.failed, o.stderr)
				}
				report, err := verify.Compare(b.Context(), testservers.DynamoDB(), testservers.S3(), o.result)
				if err != nil || report.Items != test.items {
					b.Fatalf("%+v, %v", report, err)
				}
				if keys := testservers.Keys(b, bucket, run.Layout{Root: o.result.Root}.PaceMarkers()); len(keys) > 0 {
					b.Errorf("%v are left", keys)
				}
				took, sum, worst := m.measure()
				b.Logf("fraction of the pace in each 5 s: %.3f", m.profile(5*time.Second, test.units))
				// A page can cost more than expected, by as much as its item is larger than others, or than the pace allows for 5 seconds.
				if most := max(5*test.units+float64(test.most-test.least)/8192, float64(test.most)/8192+1); worst > most {
					b.Errorf("%.1f units in 5 seconds, want at most %.0f", worst, most)
				}
				expected := estimate.Model{}.Scan(estimate.Facts{SourceFacts: run.SourceFacts{
					Items: int64(test.items), Bytes: bytes, Sample: &run.Sample{Scanned: 1, Spread: spread},
				}}, run.Plan{Scan: &run.ScanPlan{TotalSegments: test.segments, ReadUnitsPerSecond: test.units}}, test.concurrency)
				b.ReportMetric(took.Seconds(), "s-reading")
				b.ReportMetric(o.result.EndTime.Sub(o.result.StartTime).Seconds(), "s-run")
				b.ReportMetric(expected.Seconds, "s-expected")
				b.ReportMetric(sum, "units")
				b.ReportMetric(expected.ReadUnits, "units-expected")
				b.ReportMetric(float64(len(m.paid)), "pages")
				b.ReportMetric(sum/took.Seconds()/test.units, "average/pace")
				b.ReportMetric(worst/(5*test.units), "worst-5s/pace")
			}
		})
	}
}

// variedItems creates a table with items of so many bytes. It returns the bytes of all items, and the standard deviation of their sizes as a part
// of the mean.
func variedItems(tb testing.TB, items, least, most int) (table string, bytes int64, spread float64) {
	tb.Helper()
	size := func(i int) int {
		_, part := math.Modf(float64(i) * math.Phi)
		return least + int(part*float64(most-least))
	}
	var squares float64
	for i := range items {
		each := size(i) + len(fmt.Sprint(i)) + len("id") + len("value")
		bytes += int64(each)
		squares += float64(each) * float64(each)
	}
	mean := float64(bytes) / float64(items)
	spread = math.Sqrt(math.Max(0, squares/float64(items)/mean/mean-1))
	return sizedItems(tb, items, size), bytes, spread
}

// bigItems creates a table with items of so many bytes.
func bigItems(tb testing.TB, items, each int) string {
	tb.Helper()
	return sizedItems(tb, items, func(int) int { return each })
}

// sizedItems creates a table whose items have so many bytes.
func sizedItems(tb testing.TB, items int, each func(item int) int) string {
	tb.Helper()
	table := testservers.Table(tb, &dynamodb.CreateTableInput{
		BillingMode:          types.BillingModePayPerRequest,
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
	})
	var loading errgroup.Group
	loading.SetLimit(4)
	for first := 0; first < items; first += 25 {
		loading.Go(func() error {
			var writes []types.WriteRequest
			for i := first; i < min(first+25, items); i++ {
				writes = append(writes, types.WriteRequest{PutRequest: &types.PutRequest{Item: map[string]types.AttributeValue{
					"id": &types.AttributeValueMemberS{Value: fmt.Sprint(i)}, "value": &types.AttributeValueMemberS{Value: strings.Repeat("v", each(i))},
				}}})
			}
			_, err := testservers.DynamoDB().BatchWriteItem(tb.Context(), &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{table: writes}})
			return err
		})
	}
	if err := loading.Wait(); err != nil {
		tb.Fatal(err)
	}
	return table
}

// capacityProxy is a proxy in front of DynamoDB that records the consumed capacity of each answer to Scan.
type capacityProxy struct {
	mu   sync.Mutex
	paid []paid
}

type paid struct {
	at    time.Time
	units float64
}

// start starts the proxy in front of the tests' DynamoDB server.
func (m *capacityProxy) start(tb testing.TB) *httptest.Server {
	tb.Helper()
	source, _ := testservers.Configs()
	target, err := url.Parse(*source.BaseEndpoint)
	if err != nil {
		tb.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ModifyResponse = func(response *http.Response) error {
		if !strings.HasSuffix(response.Request.Header.Get("X-Amz-Target"), ".Scan") {
			return nil
		}
		body, err := io.ReadAll(response.Body)
		if err != nil {
			return err
		}
		response.Body = io.NopCloser(bytes.NewReader(body))
		var answer struct {
			ConsumedCapacity struct{ CapacityUnits float64 }
		}
		if err := json.Unmarshal(body, &answer); err != nil {
			return err
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		m.paid = append(m.paid, paid{time.Now(), answer.ConsumedCapacity.CapacityUnits})
		return nil
	}
	server := httptest.NewServer(proxy)
	tb.Cleanup(server.Close)
	return server
}

// measure returns the time between the first and the last answer, the consumed capacity, and the most of it in any 5 seconds. The first answer
// is left out: plan asks for one item before the run begins.
func (m *capacityProxy) measure() (took time.Duration, sum, worst float64) {
	m.paid = m.paid[1:]
	first, within := 0, 0.0
	for _, p := range m.paid {
		sum += p.units
		within += p.units
		for p.at.Sub(m.paid[first].at) >= 5*time.Second {
			within -= m.paid[first].units
			first++
		}
		worst = max(worst, within)
	}
	return m.paid[len(m.paid)-1].at.Sub(m.paid[0].at), sum, worst
}

// profile returns the capacity that each stretch of time consumed, as a fraction of the pace.
func (m *capacityProxy) profile(stretch time.Duration, units float64) (parts []float64) {
	for _, p := range m.paid {
		for int(p.at.Sub(m.paid[0].at)/stretch) >= len(parts) {
			parts = append(parts, 0)
		}
		parts[len(parts)-1] += p.units / units / stretch.Seconds()
	}
	return parts
}
