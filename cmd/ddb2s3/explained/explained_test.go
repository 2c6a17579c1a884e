package explained_test

import (
	"strings"
	"testing"

	"dynamodb-to-s3/cmd/ddb2s3/explained"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
)

// The text of an explanation, with everything that it can have.
func TestText(t *testing.T) {
	t.Parallel()
	e := run.Explained{
		Table: "orders",
		Source: run.SourceFacts{
			Items: 50_000_000, Bytes: 100e9, BillingMode: "PROVISIONED", ReadUnitsPerSecond: 10_000, Basis: []string{"DescribeTable says " + strings.Repeat("many words ", 12), "CloudWatch"},
		},
		Run: run.Estimate{
			Kind: run.KindScanProvisioned, Mode: request.ModeScan, Estimated: run.Estimated{ReadUnits: 12.2e6, Seconds: 1220, Dollars: 0.07},
			Bound: run.BoundTable, Bounds: []run.BoundTime{{Bound: run.BoundTable, Seconds: 1220}, {Bound: run.BoundLatency, Seconds: 800}},
			Segments: 94, Concurrency: 10, Objects: 188, Bytes: 20e9,
			Lines: []run.CostLine{{What: "read units of the provisioned capacity", Amount: 12.2e6, Unit: "read units"}, {What: "Lambda", Amount: 2.5, Unit: "GB-seconds", Dollars: 0.07}},
		},
		Alternatives: []run.Estimate{
			{Kind: run.KindScanOnDemand, Mode: request.ModeScan, Impossible: "the table has provisioned capacity"},
			{Kind: run.KindFullExport, Mode: request.ModeExport, Estimated: run.Estimated{Seconds: 1800, Dollars: 10.01}, Bound: run.BoundExport, Bytes: 20e9, Note: "recovery costs $20.00"},
		},
		Recommendation: run.KindScanProvisioned, Reason: "It is paid anyway.", Refusal: "EstimateAboveLimit: too much.",
	}
	want := `orders: 50,000,000 items, 100.0 GB, provisioned capacity of 10,000 read units a second

  way                                        read units        time            limited by  objects   stored    cost
  your request: scan on provisioned capacity  12,200,000  20 minutes  the table's capacity      188  20.0 GB  $0.070
  full export                                             30 minutes     DynamoDB's export        ?  20.0 GB  $10.01
- your request: 94 segments, 10 at the same time
- scan on demand is not possible: the table has provisioned capacity
- full export: recovery costs $20.00

Cost of your request
  read units of the provisioned capacity  12,200,000 read units   $0.00
  Lambda                                         2.5 GB-seconds  $0.070
  together                                                       $0.070

Time of your request, if only this limited it
  the table's capacity      20 minutes
  one page after the other  13 minutes

The run would not begin: EstimateAboveLimit: too much.

Recommendation: a scan on provisioned capacity
- It is paid anyway.

This rests on
- DescribeTable says many words many words many words many words many words many words many words
  many words many words many words many words many words
- CloudWatch
`
	var text strings.Builder
	if err := explained.Write(&text, e); err != nil {
		t.Fatal(err)
	}
	if got := text.String(); strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(want, " ", "") {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	var widths []int
	for line := range strings.Lines(text.String()) {
		if strings.HasPrefix(line, "  way") || strings.HasPrefix(line, "  your request") || strings.HasPrefix(line, "  full") {
			widths = append(widths, len(line))
		}
	}
	if len(widths) != 3 || widths[0] != widths[1] || widths[1] != widths[2] {
		t.Errorf("the rows have the widths %v", widths)
	}
}
