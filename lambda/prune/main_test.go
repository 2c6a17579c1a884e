package prune_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/catalog"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/prune"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/glue"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
	service "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func TestMain(m *testing.M) { testservers.Main(m) }

const (
	table    = "orders"
	tableARN = "arn:aws:dynamodb:us-east-1:000000000000:table/orders"
	database = "lake"
)

// start is the moment of the first run. The following ones begin a day later each.
var start = time.Date(2026, 1, 1, 5, 0, 0, 0, time.UTC)

// lake is a bucket with runs, a catalog, and a clock.
type lake struct {
	t       *testing.T
	name    string
	bucket  *bucket.Bucket
	glue    *service.Client
	server  *glue.Server
	now     time.Time
	prefix  string
	catalog bool
	log     bytes.Buffer
}

func newLake(t *testing.T) *lake {
	t.Helper()
	l := &lake{t: t, name: testservers.Bucket(t), now: start, prefix: "raw/{table}", catalog: true}
	l.bucket = bucket.New(testservers.S3(), run.Plan{Bucket: l.name})
	l.glue, l.server = testservers.Glue(t)
	_, err := l.glue.CreateDatabase(t.Context(), &service.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{Name: aws.String(database)}})
	l.must(err)
	return l
}

func (l *lake) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l *lake) put(key, body string) {
	l.t.Helper()
	_, err := l.bucket.Put(l.t.Context(), key, []byte(body))
	l.must(err)
}

func (l *lake) get(key string) []byte {
	l.t.Helper()
	body, err := l.bucket.Get(l.t.Context(), key)
	l.must(err)
	return body
}

// point writes the table of the newest run.
func (l *lake) point(location string, parameters map[string]string) {
	l.t.Helper()
	_, err := l.glue.UpdateTable(l.t.Context(), &service.UpdateTableInput{DatabaseName: aws.String(database), TableInput: &types.TableInput{
		Name: aws.String("orders"), Parameters: parameters, StorageDescriptor: &types.StorageDescriptor{Location: &location},
	}})
	l.must(err)
}

// pointAt lets the table of the newest run show a run.
func (l *lake) pointAt(p run.Plan) {
	l.t.Helper()
	l.point("s3://elsewhere/", map[string]string{"ddb2s3.source": tableARN, "ddb2s3.run": p.RunID, "ddb2s3.as_of": p.StartTime.Format("2006-01-02T15:04:05.000000000Z")})
}

// keys returns what is below a prefix.
func (l *lake) keys(prefix string) []string {
	l.t.Helper()
	return testservers.Keys(l.t, l.name, prefix)
}

// plan returns the plan of a run of the whole table that begins now.
func (l *lake) plan(id string) run.Plan {
	l.t.Helper()
	root, err := run.Root(l.prefix, table, id, l.now)
	l.must(err)
	p := run.Plan{
		Version: run.Version, Mode: request.ModeScan, RunID: id, ExecutionID: "arn:" + id, StartTime: l.now, Table: table, TableARN: tableARN, TableID: "t",
		Bucket: l.name, Root: root,
		Scan: &run.ScanPlan{TotalSegments: 2, Format: request.FormatDynamoDBJSON, Compression: request.CompressionGZIP},
	}
	if l.catalog {
		p.Catalog = &run.CatalogPlan{Database: database, Table: table}
	}
	return p
}

// claim claims a run.
func (l *lake) claim(p run.Plan) {
	l.t.Helper()
	created, err := ledger.CreateClaim(l.t.Context(), l.bucket, ledger.Claim{ExecutionID: p.ExecutionID, StartTime: p.StartTime, Output: run.PlanOutput{Plan: p}})
	if l.must(err); !created {
		l.t.Fatalf("%s has a claim", p.RunID)
	}
}

// files is how many data objects a run has.
const files = 3

// stored writes what a run has before its commit.
func (l *lake) stored(p run.Plan) {
	l.t.Helper()
	l.claim(p)
	layout := p.Final()
	var lines bytes.Buffer
	for i := range files {
		o := run.Object{Key: layout.Data(i%2, i, "0a1b2c3d", ".json.gz"), Items: 1, Bytes: 4}
		l.put(o.Key, "data")
		l.must(manifest.EncodeFile(&lines, o, "e"))
	}
	l.put(layout.SegmentEnd(0), "{}")
	l.put(layout.Statements(), "sql")
	l.put(layout.Schema(), "{}")
	l.put(layout.SegmentList(1, 0, "0a1b2c3d"), "{}")
	l.put(layout.ManifestFiles(), lines.String())
	l.put(layout.Checksum(layout.ManifestFiles()), "sum")
}

// commit makes a committed run of a plan, which began now.
func (l *lake) commit(p run.Plan) run.Plan {
	l.t.Helper()
	l.stored(p)
	summary := manifest.NewSummary(p, run.Totals{Bytes: 12}, manifest.Written{Objects: files, Records: files}, l.now.Add(time.Minute))
	l.put(p.Final().ManifestSummary(), string(run.Marshal(summary)))
	l.put(p.Final().Checksum(p.Final().ManifestSummary()), "sum")
	if p.Catalog != nil {
		l.show(p)
	}
	return p
}

// show does the step Catalog of a run.
func (l *lake) show(p run.Plan) {
	l.t.Helper()
	step := catalog.Step{Objects: func(run.Plan) *s3.Client { return testservers.S3() }, Glue: l.glue, Log: silent()}
	_, err := step.Run(l.t.Context(), run.CatalogInput{Plan: p, Result: run.Result{}})
	l.must(err)
}

// days commits a run on each of so many days, and returns their plans. Then it is a day later.
func (l *lake) days(n int) (plans []run.Plan) {
	l.t.Helper()
	for range n {
		plans = append(plans, l.commit(l.plan(fmt.Sprintf("run-%s", l.now.Format("0102")))))
		l.now = l.now.AddDate(0, 0, 1)
	}
	return plans
}

// input is the input of the step after a run.
func (l *lake) input(p run.Plan, retention run.Retention) run.PruneInput {
	retention.Prefix = l.prefix
	p.Retention = &retention
	return run.PruneInput{Plan: p}
}

// step is the step, whose calls to S3 go through a client; nil for the usual one.
func (l *lake) step(client aws.HTTPClient) *prune.Step {
	_, config := testservers.Configs()
	if client != nil {
		config.HTTPClient = client
		config.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	}
	return &prune.Step{
		Objects: func(run.Plan) *s3.Client { return awsclient.S3(config) }, Glue: l.glue, Now: func() time.Time { return l.now },
		Log: slog.New(slog.NewJSONHandler(&l.log, nil)),
	}
}

func (l *lake) prune(p run.Plan, retention run.Retention) run.Pruned {
	l.t.Helper()
	out, err := l.step(nil).Run(l.t.Context(), l.input(p, retention))
	l.must(err)
	return out
}

// gone prunes, and prunes again when the objects of the hidden runs may go.
func (l *lake) gone(p run.Plan, retention run.Retention) run.Pruned {
	l.t.Helper()
	l.prune(p, retention)
	l.now = l.now.Add(prune.Grace)
	return l.prune(p, retention)
}

// committed returns the names of the runs that a reader of summaries finds.
func (l *lake) committed() (ids []string) {
	l.t.Helper()
	for _, key := range l.keys("") {
		if folder, is := strings.CutSuffix(key, "/manifest-summary.json"); is {
			ids = append(ids, folder[strings.LastIndexByte(folder, '/')+1:])
		}
	}
	return ids
}

// partitions returns the runs that have a partition in the history.
func (l *lake) partitions() (ids []string) {
	l.t.Helper()
	pages := service.NewGetPartitionsPaginator(l.glue, &service.GetPartitionsInput{DatabaseName: aws.String(database), TableName: aws.String("orders_history")})
	for pages.HasMorePages() {
		page, err := pages.NextPage(l.t.Context())
		l.must(err)
		for _, p := range page.Partitions {
			ids = append(ids, p.Values[len(p.Values)-1])
		}
	}
	slices.Sort(ids)
	return ids
}

// want fails the test unless exactly these runs are committed, and in the catalog if there is one, and nothing is left of others.
func (l *lake) want(plans ...run.Plan) {
	l.t.Helper()
	var ids, left []string
	for _, p := range plans {
		ids = append(ids, p.RunID)
	}
	if got := l.committed(); !slices.Equal(got, ids) {
		l.t.Errorf("the runs %v are committed, want %v", got, ids)
	}
	for _, key := range l.keys("") {
		if !slices.ContainsFunc(plans, func(p run.Plan) bool { return strings.HasPrefix(key, p.Root+"/") }) {
			left = append(left, key)
		}
	}
	if len(left) > 0 {
		l.t.Errorf("these objects are left: %v", left)
	}
	for _, p := range plans {
		if n := len(l.keys(p.Root + "/")); n < files+7 {
			l.t.Errorf("%s has %d objects", p.RunID, n)
		}
	}
	if l.catalog {
		if got := l.partitions(); !slices.Equal(got, ids) {
			l.t.Errorf("the history has %v, want %v", got, ids)
		}
	}
}

var errDied = errors.New("the function died")

// dying is a client whose process dies after so many writes. If lost is set, the last one is carried out, and its answer is lost.
type dying struct {
	aws.HTTPClient
	left atomic.Int64
	lost bool
}

func (d *dying) Do(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		if d.left.Load() < 0 {
			return nil, errDied
		}
		return d.HTTPClient.Do(r)
	}
	if left := d.left.Add(-1); left < -1 || left < 0 && !d.lost {
		return nil, errDied
	}
	response, err := d.HTTPClient.Do(r)
	if d.left.Load() < 0 && err == nil {
		_ = response.Body.Close() // the answer is lost
		return nil, errDied
	}
	return response, err
}

// before is a client that does something before a request for an object.
func before(client aws.HTTPClient, is func(path string) bool, do func()) aws.HTTPClient {
	return httpClient(func(r *http.Request) (*http.Response, error) {
		if is(r.URL.Path) {
			do()
		}
		return client.Do(r)
	})
}

type httpClient func(*http.Request) (*http.Response, error)

func (c httpClient) Do(r *http.Request) (*http.Response, error) { return c(r) }

func silent() *slog.Logger { return slog.New(slog.DiscardHandler) }
