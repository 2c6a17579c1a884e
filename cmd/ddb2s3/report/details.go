package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/schema"
)

// exportsChart returns the chart of the native exports of a run; nil if it has none.
func (r *Run) exportsChart() *chart {
	exports := r.exports()
	if len(exports) == 0 {
		return nil
	}
	w := r.window()
	for _, e := range exports { // an export that was found in progress began before the run
		if !e.StartTime.IsZero() && e.StartTime.Before(w.start) {
			w.seconds += w.start.Sub(e.StartTime).Seconds()
			w.start = e.StartTime
		}
	}
	c := &chart{ID: "exports", Title: "Exports over time", Height: rowHeight * len(exports), Rows: true, Across: "time", Legend: []legend{{"bar", "an export"}}}
	c.timeAxis(w.seconds)
	c.Table.Head = []string{"", "Type", "From", "To", "Items", "Objects", "Stored", "Billed", "Took", "Id", "Note"}
	for i, e := range exports {
		end := e.EndTime
		class := "bar"
		if end.IsZero() {
			end, class = r.end(), "bar open"
		}
		s := span{w.share(e.StartTime), w.share(end)}
		top := i * rowHeight
		c.Left = append(c.Left, label{At: strconv.Itoa(top + rowHeight/2), Text: strconv.Itoa(i + 1)})
		c.Rects = append(c.Rects, rect{X: percent(min(s.from, 1-narrowest)), W: percent(max(narrowest, s.to-s.from)), Y: pixels(float64(top) + (rowHeight-barHeight)/2), H: strconv.Itoa(barHeight), Class: class})
		from, to := moment(e.From), moment(e.To)
		if e.ExportType != request.ExportIncremental {
			from, to = "–", moment(e.ExportTime)
		}
		took := "in progress"
		if !e.EndTime.IsZero() {
			took = duration(e.EndTime.Sub(e.StartTime).Seconds())
		}
		note := e.Reason
		if e.Followed {
			note = "found in progress. " + note
		}
		c.Table.Rows = append(c.Table.Rows, []string{
			strconv.Itoa(i + 1), string(e.ExportType), from, to, count(e.Items), count(e.Objects), size(e.Bytes), size(e.BilledBytes), took, visible(path.Base(e.ExportARN)), plain(note),
		})
	}
	c.Text = plural(int64(len(exports)), "native export") + " of DynamoDB. A full export has no beginning: it holds the table as it was at one moment."
	return c
}

// schemaView is what is shown of the columns of a run.
type schemaView struct {
	Words   string
	Changes *table
	Rest    *table
}

func (r *Run) schemaView() *schemaView {
	learned := r.learned()
	if learned == nil {
		return nil
	}
	v := &schemaView{Words: plural(int64(learned.Columns), "column") + "."}
	var drift schema.Drift
	_ = json.Unmarshal(learned.Drift, &drift) // a schema without changes has none
	switch {
	case learned.Last == "":
		v.Words += " It is the first run with a schema, so it has no changes."
	case len(drift.Changes) == 0:
		v.Words += " The columns are those of the run " + visible(learned.Last) + "."
	default:
		v.Words += fmt.Sprintf(" %s since the run %s.", plural(int64(len(drift.Changes)+drift.More), "change"), visible(learned.Last))
		v.Changes = &table{Head: []string{"Column", "Change", "Before", "Now"}}
		for _, change := range drift.Changes {
			v.Changes.Rows = append(v.Changes.Rows, []string{visible(change.Column), string(change.Kind), visible(change.From), visible(change.To)})
		}
		if drift.More > 0 {
			v.Changes.Note = fmt.Sprintf("%s more are not shown.", count(int64(drift.More)))
		}
	}
	if len(learned.Rest) > 0 {
		where := "values in the column _rest"
		if r.Plan.Parquet == nil {
			where = "values that do not fit the column"
		}
		v.Rest = &table{Head: []string{"Attribute", "Items with " + where}}
		names := slices.SortedFunc(maps.Keys(learned.Rest), func(a, b string) int {
			return cmp.Or(cmp.Compare(learned.Rest[b], learned.Rest[a]), cmp.Compare(a, b))
		})
		for _, name := range names {
			v.Rest.Rows = append(v.Rest.Rows, []string{cmp.Or(visible(name), "other attributes"), count(learned.Rest[name])})
		}
	}
	return v
}

// checkViews returns what was verified.
func (r *Run) checkViews() (views []checkView) {
	checks := r.checks
	if r.verified != nil {
		checks = append(checks, *r.verified)
	}
	for _, c := range checks {
		v := checkView{"good", "✔", "passed", c.words}
		if !c.ok {
			v = checkView{"bad", "✖", "failed", c.words}
		}
		views = append(views, v)
	}
	if r.committed() && r.verified == nil {
		views = append(views, checkView{"unknown", "◌", "not done", "Nobody has compared the objects with the table. A local run does that with --verify."})
	}
	return views
}

// beside returns what happened beside the run: the tables of the catalog, the runs that were removed, and what lies in the folder that is not the run's.
func (r *Run) beside() (facts []fact) {
	if r.Result == nil {
		return nil
	}
	if c := r.Result.Catalog; c != nil {
		for _, t := range c.Tables {
			words := "already showed this run or a newer one."
			if t.Changed {
				words = "shows this run."
			}
			facts = append(facts, fact{"Table " + visible(c.Database+"."+t.Name), words + " " + plain(t.Reason)})
		}
		if c.Reason != "" {
			facts = append(facts, fact{"Catalog", plain(c.Reason)})
		}
	}
	if p := r.Result.Pruned; p != nil {
		did := "removed"
		if p.DryRun {
			did = "would be removed"
		}
		facts = append(facts, fact{"Old runs", fmt.Sprintf("%s %s with %s and %s; %s hidden, and %s.", plural(int64(p.Count), "run"), did, plural(p.Objects, "object"),
			size(p.Bytes), are(p.Hidden, "is", "are"), are(p.Kept, "stays", "stay"))})
	}
	foreign := func(f *run.Foreign) {
		if f != nil && f.Count > 0 {
			names := make([]string, len(f.Keys))
			for i, key := range f.Keys {
				names[i] = visible(key)
			}
			text := plural(f.Count, "object") + " in the folder with names that are not the run's. The run leaves them alone. Readers that list the folder see them. The first ones: " + strings.Join(names, ", ")
			facts = append(facts, fact{"Objects of others", text})
		}
	}
	foreign(r.Result.Foreign)
	for _, e := range r.Result.Exports {
		foreign(e.Foreign)
	}
	if r.Result.Reason != "" {
		facts = append(facts, fact{"Nothing was exported", plain(r.Result.Reason)})
	}
	return facts
}
