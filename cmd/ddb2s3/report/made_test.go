package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/cmd/ddb2s3/report"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
)

var began = time.Date(2026, 11, 27, 5, 0, 0, 0, time.UTC)

func at(seconds float64) time.Time { return began.Add(time.Duration(seconds * float64(time.Second))) }

// made is a run that a test makes, object by object, as the functions leave it.
type made struct {
	plan    run.Plan
	lists   map[int][]run.SegmentList // by segment
	objects map[string][]byte
	totals  run.Totals
	written manifest.Written
	files   bytes.Buffer
	claimed run.Plan // the plan of the claim, if it is not that of the lists
}

func makeRun(segments int) *made {
	return &made{
		plan: run.Plan{
			Version: run.Version, Mode: request.ModeScan, RunID: "nightly", Table: "orders", TableARN: "arn:aws:dynamodb:eu-west-1:111122223333:table/orders", TableID: "t-1",
			ExecutionID: "arn:aws:states:eu-west-1:111122223333:execution:dynamodb-to-s3:nightly", StartTime: began, Bucket: "lake", Root: "orders/AWSDynamoDB/nightly",
			Scan: &run.ScanPlan{
				TotalSegments: segments, Format: request.FormatDynamoDBJSON, Compression: request.CompressionGZIP, FileSizeBytes: 1 << 20, KeyNames: []string{"id"},
			},
			Estimate: &run.Estimated{ReadUnits: 1000, Seconds: 50, Dollars: 0.002},
		},
		lists: map[int][]run.SegmentList{}, objects: map[string][]byte{},
	}
}

// invocation adds an invocation of a segment from one second of the run to another. It reads as the intervals say, and writes objects of these sizes.
func (m *made) invocation(segment int, from, to float64, done bool, intervals []run.Interval, sizes ...int64) *run.SegmentList {
	list := run.SegmentList{
		Version: run.Version, Plan: m.plan.Digest(), Segment: segment, Try: fmt.Sprintf("%08x", segment*100+len(m.lists[segment])), Done: done,
		StartTime: at(from), EndTime: at(to), NextPart: len(sizes),
		Work: run.Work{Intervals: intervals, IntervalSeconds: (to - from) / float64(max(1, len(intervals)))},
	}
	if n := len(m.lists[segment]); n > 0 {
		before := m.lists[segment][n-1]
		list.Invocation, list.After, list.FirstPart, list.Start = n, before.Try, before.NextPart, before.End
		list.NextPart += before.NextPart
	}
	if !done {
		list.End = run.Position([]byte(fmt.Sprintf(`{"id": {"N": "%d"}}`, len(m.lists[segment]))))
		list.LastEvaluatedKey = json.RawMessage(`{"id": {"S": "a-secret-key-value"}}`)
	}
	for _, interval := range intervals {
		list.Totals.Scanned += interval.Items
		list.Totals.Items += interval.Items
		list.Totals.PageBytes += interval.PageBytes
		list.Totals.ReadUnits += interval.ReadUnits
		if interval.Throttles > 0 {
			list.Work.ThrottledTries += interval.Throttles
			list.Work.Throttles = map[string]int64{"KeyRangeThroughputExceeded": list.Work.Throttles["KeyRangeThroughputExceeded"] + interval.Throttles}
		}
	}
	items := list.Totals.Items
	for i, bytes := range sizes {
		o := run.Object{Key: m.plan.Layout().Data(segment, list.FirstPart+i, list.Try, ".json.gz"), Bytes: bytes, MD5: "1B2M2Y8AsgTpgAmY7PhCfg=="}
		if i == len(sizes)-1 {
			o.Items = items
		}
		list.Objects = append(list.Objects, o)
		list.Totals.Bytes += bytes
	}
	m.lists[segment] = append(m.lists[segment], list)
	return &m.lists[segment][len(m.lists[segment])-1]
}

// even returns n intervals in which a segment reads evenly.
func even(n int, items int64) []run.Interval {
	all := make([]run.Interval, n)
	for i := range all {
		all[i] = run.Interval{Items: items / int64(n), PageBytes: items / int64(n) * 400, ReadUnits: float64(items/int64(n)) * 0.05}
	}
	return all
}

// put adds an object.
func (m *made) put(key string, content any) {
	body, ok := content.([]byte)
	if !ok {
		body = run.Marshal(content)
	}
	m.objects[key] = body
}

// commit adds the manifests. ends is when the run is committed.
func (m *made) commit(ends float64) {
	layout := m.plan.Layout()
	for _, lists := range m.lists {
		for _, list := range lists {
			m.totals.Add(list.Totals)
			for _, o := range list.Objects {
				m.written.Objects++
				m.written.Records += o.Items
				if err := manifest.EncodeFile(&m.files, o, "e"); err != nil {
					panic(err)
				}
			}
		}
	}
	summary := run.Marshal(manifest.NewSummary(m.plan, m.totals, m.written, at(ends)))
	m.put(layout.ManifestFiles(), m.files.Bytes())
	m.put(layout.Checksum(layout.ManifestFiles()), manifest.Checksum(m.files.Bytes()))
	m.put(layout.ManifestSummary(), summary)
	m.put(layout.Checksum(layout.ManifestSummary()), manifest.Checksum(summary))
}

// putLists adds the segment lists.
func (m *made) putLists() {
	for _, lists := range m.lists {
		for _, list := range lists {
			m.put(m.plan.Layout().KeyOf(list), list)
		}
	}
}

// second begins the second pass of a run that makes Parquet files.
func (m *made) second(decided run.Schema) {
	m.putLists()
	m.put(m.plan.Final().Schema(), decided)
	m.claimed, m.plan, m.lists = m.plan, m.plan.Converting(decided, run.Digest(decided)), map[int][]run.SegmentList{}
}

// read writes the objects into a folder and reads the run there. The folder has the same path in every test, as far as the report shows it.
func (m *made) read(t testing.TB) *report.Run {
	t.Helper()
	folder := filepath.Join(t.TempDir(), filepath.FromSlash(m.plan.Root))
	plan := m.plan
	if m.claimed.Version != 0 {
		plan = m.claimed
	}
	m.put(plan.Layout().Claim(), ledger.Claim{Version: run.Version, ExecutionID: plan.ExecutionID, StartTime: began, Output: run.PlanOutput{Plan: plan}})
	m.putLists()
	root := filepath.Dir(filepath.Dir(filepath.Dir(folder))) // the bucket
	for key, body := range m.objects {
		file := filepath.Join(root, filepath.FromSlash(key))
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, body, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	place, key, err := report.OpenFolder(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	facts, err := report.Read(t.Context(), place, key)
	if err != nil {
		t.Fatal(err)
	}
	facts.Location = "lake/orders/AWSDynamoDB/nightly"
	return facts
}

// write returns the report, and fails the test if it is not well-formed. It is HTML, and also XML: so the parser refuses what a browser would repair.
func write(t testing.TB, facts *report.Run) string {
	t.Helper()
	var page bytes.Buffer
	if err := facts.Write(&page); err != nil {
		t.Fatal(err)
	}
	parser := xml.NewDecoder(bytes.NewReader(page.Bytes()))
	ids := map[string]bool{}
	var refers []string
	for {
		token, err := parser.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("the page is not well-formed: %v", err)
		}
		element, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		for _, attribute := range element.Attr {
			switch attribute.Name.Local {
			case "id":
				if ids[attribute.Value] {
					t.Errorf("the id %s is there twice", attribute.Value)
				}
				ids[attribute.Value] = true
			case "aria-labelledby":
				refers = append(refers, strings.Fields(attribute.Value)...)
			case "href":
				refers = append(refers, attribute.Value[1:])
			}
		}
	}
	for _, id := range refers {
		if !ids[id] {
			t.Errorf("the page refers to %s, which it does not have", id)
		}
	}
	return page.String()
}

func writeFile(t testing.TB, file, content string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
