package catalog_test

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/catalog"
	"dynamodb-to-s3/lambda/ddbjson"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/schema"
	local "dynamodb-to-s3/local/glue"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func TestMain(m *testing.M) { testservers.Main(m) }

// lake is a database, a bucket, and the step that shows the runs of the bucket in the database.
type lake struct {
	t      *testing.T
	client *glue.Client // tries each call once
	server *local.Server
	bucket string
	step   *catalog.Step
}

const (
	database = "lake"
	orders   = "arn:aws:dynamodb:us-east-1:000000000000:table/Orders"
)

func newLake(t *testing.T) lake {
	t.Helper()
	l := lake{t: t, bucket: testservers.Bucket(t)}
	l.client, l.server = testservers.Glue(t)
	if _, err := l.client.CreateDatabase(t.Context(), &glue.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{Name: aws.String(database)}}); err != nil {
		t.Fatal(err)
	}
	l.step = &catalog.Step{Objects: func(run.Plan) *s3.Client { return testservers.S3() }, Glue: l.client, Log: slog.New(slog.DiscardHandler)}
	return l
}

// retrying returns the same lake. Its step tries a call again as the functions do, without their waits.
func (l lake) retrying() lake {
	l.t.Helper()
	cfg, err := l.server.AWS(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	patient := cfg.Retryer
	cfg.Retryer = func() aws.Retryer { return retry.AddWithMaxBackoffDelay(patient(), time.Millisecond) }
	step := *l.step
	step.Glue, l.step = awsclient.Glue(cfg), &step
	return l
}

// dawn is the start of the first run.
var dawn = time.Date(2026, 1, 31, 6, 0, 0, 0, time.UTC)

// planOf is the plan of a run in DYNAMODB_JSON that began so many hours after dawn.
func (l lake) planOf(name string, hours int) run.Plan {
	return run.Plan{
		Version: run.Version, Mode: request.ModeScan, RunID: name, ExecutionID: "arn:" + name, StartTime: dawn.Add(time.Duration(hours) * time.Hour),
		Table: "Orders", TableARN: orders, TableID: "id", Bucket: l.bucket, Root: "backup/AWSDynamoDB/" + name,
		Scan:    &run.ScanPlan{TotalSegments: 1, Format: request.FormatDynamoDBJSON, Compression: request.CompressionGZIP},
		Catalog: &run.CatalogPlan{Database: database, Table: "orders"},
	}
}

func (l lake) at(plan run.Plan) *bucket.Bucket { return bucket.New(testservers.S3(), plan) }

// committed commits the run of a plan, without data, and returns the input of the step.
func (l lake) committed(plan run.Plan) run.CatalogInput {
	l.t.Helper()
	summary := manifest.NewSummary(plan, run.Totals{}, manifest.Written{}, plan.StartTime.Add(time.Minute))
	if _, err := l.at(plan).Put(l.t.Context(), plan.Final().ManifestSummary(), run.Marshal(summary)); err != nil {
		l.t.Fatal(err)
	}
	return run.CatalogInput{Plan: plan, Result: run.Result{RunID: plan.RunID, Mode: plan.Mode, Table: plan.Table, Bucket: plan.Bucket, Root: plan.Root}}
}

// parquet commits a run in PARQUET that has these columns.
func (l lake) parquet(name string, hours int, columns ...schema.Column) run.CatalogInput {
	l.t.Helper()
	plan := l.planOf(name, hours)
	plan.Parquet = &run.ParquetPlan{Numbers: request.NumbersExact, Compression: request.CompressionZSTD, LastSchema: "backup/AWSDynamoDB/_schemas/orders.json"}
	own := run.Schema{RunID: name, Table: plan.Table, StartTime: plan.StartTime, Columns: run.Marshal(columns), Segments: 1}
	stored, digest, err := ledger.CreateSchema(l.t.Context(), l.at(plan), plan, own)
	if err != nil {
		l.t.Fatal(err)
	}
	return l.committed(plan.Converting(stored, digest))
}

// column returns a column of the attribute with the same name.
func column(name string, of schema.TypeName, kind ddbjson.Kind) schema.Column {
	return schema.Column{Name: name, Attribute: name, Type: schema.Type{Name: of, Kind: kind}}
}

var (
	text  = func(name string) schema.Column { return column(name, schema.String, ddbjson.KindS) }
	whole = func(name string) schema.Column { return column(name, schema.Integer, ddbjson.KindN) }
)

// show runs the step.
func (l lake) show(in run.CatalogInput) run.Cataloged {
	l.t.Helper()
	out, err := l.step.Run(l.t.Context(), in)
	if err != nil {
		l.t.Fatalf("%s: %v", in.Plan.RunID, err)
	}
	return out
}

// table returns a table of the database, or nil.
func (l lake) table(name string) *types.Table {
	l.t.Helper()
	answer, err := l.client.GetTables(l.t.Context(), &glue.GetTablesInput{DatabaseName: aws.String(database)})
	if err != nil {
		l.t.Fatal(err)
	}
	for _, table := range answer.TableList {
		if *table.Name == name {
			return &table
		}
	}
	return nil
}

// partitions returns the partitions of a table by their last value: the run, or the end of the window.
func (l lake) partitions(table string) map[string]types.Partition {
	l.t.Helper()
	answer, err := l.client.GetPartitions(l.t.Context(), &glue.GetPartitionsInput{DatabaseName: aws.String(database), TableName: &table})
	if err != nil {
		l.t.Fatal(err)
	}
	all := map[string]types.Partition{}
	for _, p := range answer.Partitions {
		all[p.Values[len(p.Values)-1]] = p
	}
	return all
}

// state describes all tables and partitions without the times at which they were written.
func (l lake) state() string {
	l.t.Helper()
	answer, err := l.client.GetTables(l.t.Context(), &glue.GetTablesInput{DatabaseName: aws.String(database)})
	if err != nil {
		l.t.Fatal(err)
	}
	all := ""
	for _, table := range answer.TableList {
		all += fmt.Sprintf("%s %v %s %v %v\n", *table.Name, table.Parameters, *table.StorageDescriptor.Location, names(table.StorageDescriptor.Columns), names(table.PartitionKeys))
		if len(table.PartitionKeys) == 0 {
			continue
		}
		partitions := l.partitions(*table.Name)
		for _, last := range slices.Sorted(maps.Keys(partitions)) {
			p := partitions[last]
			all += fmt.Sprintf("  %s %v %s %v\n", last, p.Parameters, *p.StorageDescriptor.Location, names(p.StorageDescriptor.Columns))
		}
	}
	return all
}

// names returns names and types of columns.
func names(columns []types.Column) (all []string) {
	for _, c := range columns {
		all = append(all, *c.Name+" "+*c.Type)
	}
	return all
}
