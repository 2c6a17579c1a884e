package badinput

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
)

// conversation is an invocation of a function in which a service gives a bad answer, or the bucket has an object of another program.
type conversation struct {
	expected `yaml:",inline"`
	Function contract.Function `yaml:"function"`
	Answers  map[string]answer `yaml:"answers"` // by operation
	Objects  map[string]text   `yaml:"objects"` // by key; GONE for one that was removed
	// Request is the input of plan. Plan has fields of the plan's scan that differ from those below, in JSON, or is "export", or
	// "parquet" or "converting" for the first or second pass of a run that makes Parquet files.
	Request text `yaml:"request"`
	Plan    text `yaml:"plan"`
	// Claim has changes of the claim that plan made of the same request before: JSON by path, "" for a member that is removed.
	Claim map[string]text `yaml:"claim"`
	// Leaves has prefixes of keys that the function may write before the bad answer.
	Leaves []string `yaml:"leaves"`
}

var start = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

// planned returns the plan of the run.
func (c conversation) planned(t *testing.T) run.Plan {
	t.Helper()
	plan := run.Plan{
		Version: run.Version, Mode: request.ModeScan, RunID: "run-1", ExecutionID: "arn:run-1", StartTime: start, Table: "orders", TableID: "id",
		TableARN: "arn:aws:dynamodb:us-east-1:123456789012:table/orders", Bucket: "b-1", Root: "p/AWSDynamoDB/run-1",
		Scan: &run.ScanPlan{TotalSegments: 1, Format: request.FormatDynamoDBJSON, Compression: request.CompressionNone, FileSizeBytes: 1 << 20, KeyNames: []string{"id"}},
	}
	switch c.Plan {
	case "":
	case "export":
		plan.Mode, plan.Scan = request.ModeExport, nil
		plan.Export = &run.ExportPlan{Request: request.Export{
			ExportType: request.ExportFull, Format: request.FormatDynamoDBJSON, CheckInterval: new(int64(30)), MaxAttempts: new(int64(60)),
		}}
	case "parquet", "converting":
		plan.Parquet = &run.ParquetPlan{
			Numbers: request.NumbersExact, Compression: request.CompressionNone, FileSizeBytes: 1 << 20, LastSchema: "p/AWSDynamoDB/_schemas/orders-x.json",
		}
	default:
		if err := json.Unmarshal([]byte(c.Plan.written()), plan.Scan); err != nil {
			t.Fatal(err)
		}
	}
	return plan
}

// decided is the schema of the run, which columns wrote before the second pass.
var decided = run.Schema{
	Version: run.Version, RunID: "run-1", Table: "orders", StartTime: start, Columns: json.RawMessage(`[{"name":"id","attribute":"id","type":"string","kind":"S"}]`),
	Segments: 1, Staged: run.Staged{Records: 1},
}

// payload returns the payload that the state machine gives to the function.
func (c conversation) payload(plan run.Plan) any {
	switch c.Function {
	case contract.FunctionPlan:
		req := c.Request.written()
		if req == "" {
			req = `{"table":"orders","bucket":"b-1","prefix":"p"}`
		}
		return run.PlanInput{Request: json.RawMessage(req), Execution: run.Execution{ID: "arn:run-1", Name: "run-1", StartTime: start}}
	case contract.FunctionColumns:
		return run.ColumnsInput{Plan: plan}
	case contract.FunctionScan, contract.FunctionConvert:
		return run.ScanInput{Plan: plan}
	case contract.FunctionExport:
		return run.ExportInput{Plan: plan}
	default:
		return run.FinalizeInput{Plan: plan}
	}
}

func TestBadAnswersEndByName(t *testing.T) {
	t.Parallel()
	each(t, "answers", 40, func(c conversation) expected { return c.expected }, func(t *testing.T, c conversation) {
		synctest.Test(t, func(t *testing.T) {
			plan := c.planned(t)
			w := newWire()
			if c.Plan == "converting" {
				schema := run.Marshal(decided)
				w.objects[plan.Final().Schema()] = string(schema)
				plan = plan.Converting(decided, run.Digest(json.RawMessage(schema)))
			}
			if c.Function == contract.FunctionColumns { // the first pass is committed
				w.objects[plan.Layout().ManifestSummary()] = string(run.Marshal(manifest.NewSummary(plan, run.Totals{}, manifest.Written{}, start)))
				w.objects[plan.Layout().ManifestFiles()] = ""
				c.Leaves = append(slices.Clone(c.Leaves), plan.Layout().Folder()+"/_files/") // written while the lists are read
			}
			body, err := json.Marshal(c.payload(plan))
			if err != nil {
				t.Fatal(err)
			}
			if c.Function != contract.FunctionPlan { // plan claimed the run before
				w.objects["p/AWSDynamoDB/run-1/_started"] = `{"version":1,"executionId":"arn:run-1"}`
			}
			if len(c.Claim) > 0 {
				w.objects["p/AWSDynamoDB/run-1/_started"] = c.forged(t, string(body))
			}
			for key, content := range c.Objects {
				if w.objects[key] = strings.ReplaceAll(content.written(), "PLAN", plan.Digest()); content == "GONE" {
					delete(w.objects, key)
				} else if c.Function == contract.FunctionConvert && strings.HasSuffix(key, ".gz") {
					w.objects[key] = zipped(t, w.objects[key])
				}
			}
			maps.Copy(w.answers, c.Answers)
			told := w.invoke(t, c.Function, string(body), "")
			c.hold(t, told.Type, told.Message)
			for _, key := range w.written {
				if !c.mayLeave(key) {
					t.Errorf("%s wrote %q", c.Function, key)
				}
			}
		})
	})
}

// zipped returns a text as the file of a native export.
func zipped(t *testing.T, text string) string {
	t.Helper()
	var file strings.Builder
	z := gzip.NewWriter(&file)
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return file.String()
}

// forged returns a claim of the request with the entry's changes.
func (c conversation) forged(t *testing.T, payload string) string {
	t.Helper()
	w := newWire()
	if _, err := w.call(t, io.Discard, contract.FunctionPlan, payload, ""); err != nil {
		t.Fatal(err)
	}
	var claim map[string]any
	if err := json.Unmarshal([]byte(w.objects["p/AWSDynamoDB/run-1/_started"]), &claim); err != nil {
		t.Fatal(err)
	}
	for path, value := range c.Claim {
		at, names := claim, strings.Split(path, ".")
		last := names[len(names)-1]
		for _, name := range names[:len(names)-1] {
			at = at[name].(map[string]any)
		}
		if at[last] = json.RawMessage(value.written()); value == "" {
			delete(at, last)
		}
	}
	body, err := json.Marshal(claim)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func (c conversation) mayLeave(key string) bool {
	for _, begin := range c.Leaves {
		if strings.HasPrefix(key, begin) {
			return true
		}
	}
	return false
}
