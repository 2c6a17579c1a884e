package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/testservers"
	"dynamodb-to-s3/local/verify"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"
)

// BenchmarkPacedRun runs the whole program with a pace and 8 segments. Reading takes about a minute. A proxy in front of DynamoDB
// measures the consumed capacity, on average and in the worst 5 seconds, each as a fraction of the pace. Run it once:
//
//	go test ./cmd/ddb2s3 -run '^$' -bench PacedRun -benchtime 1x
func BenchmarkPacedRun(b *testing.B) {
	const items, each, segments = 13_000, 7 << 10, 8 // two units an item, read consistently
	table := bigItems(b, items, each)
	for _, units := range []float64{200} {
		b.Run(fmt.Sprintf("%.0f", units), func(b *testing.B) {
			for b.Loop() {
				m := new(capacityProxy)
				server := m.start(b)
				bucket := testservers.Bucket(b)
				o := runProgramAt(b, server.URL, "--input", requestFile(b, fmt.Sprintf(
					`{"table": %q, "bucket": %q, "segments": %d, "concurrency": %d, "readUnitsPerSecond": %g, "scan": {"ConsistentRead": true}}`,
					table, bucket, segments, segments, units)))
				server.Close()
				if o.code != 0 {
					b.Fatalf("exit %d: %+v\n%s", o.code, o.failed, o.stderr)
				}
				report, err := verify.Compare(b.Context(), testservers.DynamoDB(), testservers.S3(), o.result)
				if err != nil || report.Items != items {
					b.Fatalf("%+v, %v", report, err)
				}
				if keys := testservers.Keys(b, bucket, run.Layout{Root: o.result.Root}.PaceMarkers()); len(keys) > 0 {
					b.Errorf("%v are left", keys)
				}
				took, sum, worst := m.measure()
				b.Logf("fraction of the pace in each 5 s: %.3f", m.profile(5*time.Second, units))
				if worst > 5*units {
					b.Errorf("%.1f units in 5 seconds, want at most %.0f", worst, 5*units)
				}
				b.ReportMetric(took.Seconds(), "s-reading")
				b.ReportMetric(sum, "units")
				b.ReportMetric(float64(len(m.paid)), "pages")
				b.ReportMetric(sum/took.Seconds()/units, "average/pace")
				b.ReportMetric(worst/(5*units), "worst-5s/pace")
			}
		})
	}
}

// bigItems creates a table with items of so many bytes.
func bigItems(tb testing.TB, items, each int) string {
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
					"id": &types.AttributeValueMemberS{Value: fmt.Sprint(i)}, "value": &types.AttributeValueMemberS{Value: strings.Repeat("v", each)},
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

// measure returns the time between the first and the last answer, the consumed capacity, and the most of it in any 5 seconds.
func (m *capacityProxy) measure() (took time.Duration, sum, worst float64) {
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
