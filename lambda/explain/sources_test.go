package explain_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/estimate"
	"dynamodb-to-s3/lambda/explain"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/encoding/cbor"
)

// gather gathers facts about a table, with a CloudWatch of the test.
func gather(t *testing.T, metrics aws.Config, plan run.Plan, prefix string) estimate.Facts {
	t.Helper()
	read, write := testservers.Configs()
	clients := awsclient.NewClients(read, write, read)
	f, err := explain.Sources{Tables: clients.Tables, Objects: clients.Objects, Metrics: awsclient.CloudWatch(metrics)}.Gather(t.Context(), estimate.Facts{}, plan, plan, prefix)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// cloudWatch is a server that answers every call in the same way.
func cloudWatch(t *testing.T, status int, answer cbor.Map) (cfg aws.Config, asked *string) {
	t.Helper()
	asked = new(string)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // a body that is cut off does not have what the test wants
		*asked = r.URL.Path + string(body)
		w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
		w.Header().Set("Content-Type", "application/cbor")
		w.WriteHeader(status)
		_, _ = w.Write(cbor.Encode(answer)) // a failure shows in the answer
	}))
	t.Cleanup(server.Close)
	return aws.Config{Region: "us-east-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}, asked
}

// What others consume comes from CloudWatch. The last run is no other reader. If CloudWatch refuses, the basis says so.
func TestConsumedCapacityAndTheLastRun(t *testing.T) {
	t.Parallel()
	table, bucket := load(t, many(100, 1000, nil), types.BillingModeProvisioned), testservers.Bucket(t)
	e := newEngine(t, http.DefaultClient, fmt.Sprintf(`"table": %q, "bucket": %q, "prefix": "{table}/{date}"`, table, bucket))
	planned, err := e.plan("other", "")
	if err != nil {
		t.Fatal(err)
	}
	denied, _ := cloudWatch(t, http.StatusBadRequest, cbor.Map{"__type": cbor.String("AccessDeniedException"), "message": cbor.String("no")})
	before := gather(t, denied, planned.Plan, "{table}/{date}")
	if text := strings.Join(before.Basis, "\n"); before.ConsumedPerSecond != 0 || before.Last != nil ||
		!strings.Contains(text, "CloudWatch did not answer: AccessDenied") || !strings.Contains(text, "no earlier run of this table is known") {
		t.Errorf("got %+v", before)
	}
	result := e.run("run-1")
	sums := func(id string, values ...float64) cbor.Map {
		var list cbor.List
		for _, value := range values {
			list = append(list, cbor.Float64(value))
		}
		return cbor.Map{"Id": cbor.String(id), "Values": list, "StatusCode": cbor.String("Complete")}
	}
	answers, asked := cloudWatch(t, http.StatusOK, cbor.Map{"MetricDataResults": cbor.List{sums("read", 86400, 86400+result.ReadUnits), sums("written", 1000)}})
	after := gather(t, answers, planned.Plan, "{table}/{date}")
	if last := after.Last; last == nil || last.RunID != "run-1" || last.ReadUnits != result.ReadUnits || last.Objects != result.Objects {
		t.Fatalf("got %+v: %v", last, after.Basis)
	}
	if after.ConsumedPerSecond != 2 || after.WrittenPerDay != 1_024_000 || !strings.Contains(*asked, "ConsumedReadCapacityUnits") || !strings.Contains(*asked, table) {
		t.Errorf("got %g units a second and %d bytes a day, asked %s: %v", after.ConsumedPerSecond, after.WrittenPerDay, *asked, after.Basis)
	}
	foreign := planned.Plan
	foreign.Scan = new(*foreign.Scan)
	foreign.Scan.SourceRoleARN = "arn:aws:iam::000000000000:role/reader"
	read, write := testservers.Configs()
	clients := awsclient.NewClients(read, write, read)
	own := func(run.Plan) *dynamodb.Client { return clients.Tables(planned.Plan) }
	f, err := explain.Sources{Tables: own, Objects: clients.Objects, Metrics: awsclient.CloudWatch(answers)}.Gather(t.Context(), estimate.Facts{}, foreign, foreign, "")
	if err != nil || f.ConsumedPerSecond != 0 || !strings.Contains(strings.Join(f.Basis, "\n"), "CloudWatch of the table's account is not asked") {
		t.Errorf("got %+v, %v for a table of another account", f.SourceFacts, err)
	}
	if other := gather(t, denied, planned.Plan, "elsewhere"); other.Last != nil {
		t.Errorf("got %+v, which is below another prefix", other.Last)
	}
}

// silent is an endpoint without a route.
type silent struct{}

func (silent) Do(asked *http.Request) (*http.Response, error) {
	<-asked.Context().Done()
	return nil, asked.Context().Err()
}

// Without a route, no source takes longer than a person waits, and none is a failure.
func TestSilentSources(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		nowhere := aws.Config{Region: "us-east-1", HTTPClient: silent{}, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}
		clients := awsclient.NewClients(nowhere, nowhere, nowhere)
		plan := scanOf(t, `{"table": "orders", "bucket": "lake"}`)
		begun := time.Now()
		f, err := explain.Sources{Tables: clients.Tables, Objects: clients.Objects, Metrics: awsclient.CloudWatch(nowhere)}.Gather(t.Context(), estimate.Facts{}, plan, plan, "")
		if took := time.Since(begun); err != nil || len(f.Basis) != 5 || took > 30*time.Second {
			t.Errorf("got %q, %v after %s", f.Basis, err, took)
		}
	})
}

// scanOf returns a plan of a scan.
func scanOf(t *testing.T, text string) run.Plan {
	t.Helper()
	var named struct{ Table, Bucket string }
	if err := json.Unmarshal([]byte(text), &named); err != nil {
		t.Fatal(err)
	}
	return run.Plan{Table: named.Table, Bucket: named.Bucket, Scan: &run.ScanPlan{TotalSegments: 1, Format: "DYNAMODB_JSON", Compression: "GZIP"}}
}
