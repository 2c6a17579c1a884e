package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"

	"dynamodb-to-s3/lambda/version"
)

//go:embed report.html.tmpl
var pageText string

//go:embed report.css
var styles string

var pageTemplate = template.Must(template.New("report").Parse(pageText))

// page is what the template shows.
type page struct {
	Style             template.CSS
	Title, Table, Run string
	Status            status
	Facts             []fact
	Error, Cause      string
	Figures           []figure
	Estimate, Cost    *table
	Passes            []passView
	NoLists           string // why there are no passes
	Exports           *chart
	Sizes             *chart
	Schema            *schemaView
	Checks            []checkView
	Statements        []statement
	NoStatements      string // why Statements is empty
	Beside            []fact
	Program           string
}

type fact struct{ Name, Value string }

// figure is a key figure. Against compares it with the estimate.
type figure struct{ Name, Value, Against string }

type status struct{ Name, Class, Mark, Words string }

// passView is what is shown of a pass.
type passView struct {
	Title     string
	Note      string // why there is no more
	Segments  []chart
	OverTime  []chart
	Skew      *chart
	Time      chart
	Throttles *table
}

type checkView struct{ Class, Mark, Result, Words string }

type statement struct{ Name, Text string }

// Write writes the report as one HTML file.
func (r *Run) Write(to io.Writer) error {
	if err := pageTemplate.Execute(to, r.page()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

func (r *Run) page() page {
	p := page{
		Style: template.CSS(styles), Title: "Run " + visible(r.Plan.RunID) + " of table " + visible(r.Plan.Table), Table: visible(r.Plan.Table), Run: visible(r.Plan.RunID),
		Status: r.status(), Facts: r.facts(), Error: visible(r.Error), Cause: plain(r.Cause), Figures: r.figures(), Estimate: r.against(), Cost: r.costTable(),
		Exports: r.exportsChart(), Schema: r.schemaView(), Program: version.Name + " " + version.Number,
	}
	w := r.window()
	if r.Result != nil && r.Result.Conversion != nil && r.Result.Work != nil && len(r.passes) < 2 {
		p.Passes = append(p.Passes, viewOf("p0-", "Scan", *r.Result.Work))
	}
	for i, one := range r.passes {
		p.Passes = append(p.Passes, one.view(fmt.Sprintf("p%d-", i+1), r, w))
	}
	if len(r.passes) == 0 && r.Plan.Scan != nil {
		p.NoLists = "There are no segment lists of this run yet."
		if r.committed() {
			p.NoLists = "The segment lists of this run are gone."
		}
	}
	if len(r.sizes) > 0 {
		sizes := sizesChart("sizes", r.sizes, r.fileSize())
		p.Sizes = &sizes
	}
	p.Checks = r.checkViews()
	p.Statements, p.NoStatements = r.statements()
	p.Beside = r.beside()
	return p
}

// status says how the run stands, in Step Functions' words if they are known.
func (r *Run) status() status {
	s := status{Name: string(r.Status), Class: "unknown", Mark: "◌"}
	switch {
	case !r.removed.IsZero():
		return status{"REMOVED", "aborted", "■", "The retention has removed this run since " + moment(&r.removed) + ". Readers do not see it."}
	case r.committed():
		s.Words = "The run is committed: readers see all of it."
	case r.Plan.CommitsExports():
		s.Words = "The run is not committed. This page shows what its journal says so far."
	default:
		s.Words = "The run is not committed: readers see nothing of it. This page shows what its segment lists say so far."
	}
	switch r.Status {
	case "RUNNING":
		s.Class, s.Mark = "running", "▶"
	case "SUCCEEDED":
		s.Class, s.Mark = "succeeded", "✔"
	case "FAILED", "TIMED_OUT":
		s.Class, s.Mark = "failed", "✖"
	case "ABORTED":
		s.Class, s.Mark = "aborted", "■"
	default:
		if s.Name = "NOT COMMITTED"; r.committed() {
			s.Name, s.Class, s.Mark = "COMMITTED", "succeeded", "✔"
		}
	}
	return s
}

func (r *Run) facts() []fact {
	plan, end := r.Plan, r.end()
	facts := []fact{{"Started", moment(&plan.StartTime)}}
	if r.committed() {
		facts = append(facts, fact{"Committed", moment(&r.Result.EndTime)})
	} else {
		facts = append(facts, fact{"Last sign of work", moment(&end)})
	}
	facts = append(facts, fact{"Took", duration(end.Sub(plan.StartTime).Seconds())}, fact{"Mode", string(r.mode())}, fact{"Format", r.format()})
	if scan := plan.Scan; scan != nil {
		what := plural(int64(scan.TotalSegments), "segment")
		if scan.Request.Segment != nil {
			what = fmt.Sprintf("only segment %d of %d", *scan.Request.Segment, scan.TotalSegments)
		}
		if scan.Request.IndexName != "" {
			what += ", of the index " + visible(scan.Request.IndexName)
		}
		facts = append(facts, fact{"Scan", what})
		if scan.Paced() {
			facts = append(facts, fact{"Pace", number(scan.ReadUnitsPerSecond) + " read units a second"})
		}
	}
	if n := len(plan.TakenOver); n > 0 {
		facts = append(facts, fact{"Taken over", plural(int64(n), "time") + ", after an execution had failed"})
	}
	if r.written != "" {
		facts = append(facts, fact{"Written by", visible(r.written)})
	}
	return append(facts, fact{"Folder", r.Location}, fact{"Execution", visible(plan.ExecutionID)})
}
