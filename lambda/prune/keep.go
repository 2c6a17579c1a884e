package prune

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
)

// decide returns the committed runs that go. found is sorted, the oldest first. docs/retention.md has the rules and their reasons.
func (p *prune) decide(ctx context.Context, found []*candidate) (going map[*candidate]bool, err error) {
	kept := p.byNumber(found)
	for _, c := range found {
		if c.removal != nil || kept[c] {
			continue
		}
		if kept[c], err = p.shownInCatalog(ctx, c); err != nil {
			return nil, err
		}
	}
	keepChanges(found, kept)
	keepFollowed(found, kept)
	going = map[*candidate]bool{}
	for _, c := range found {
		going[c] = c.removal == nil && !kept[c]
	}
	return going, nil
}

// byNumber returns the runs that stay because of their number or their age.
func (p *prune) byNumber(found []*candidate) map[*candidate]bool {
	kept, newer, based, now := map[*candidate]bool{}, map[string]int{}, map[string]bool{}, p.now()
	for _, c := range slices.Backward(found) {
		if c.removal != nil {
			continue
		}
		age := now.Sub(c.committed)
		kept[c] = newer[c.kind] < max(p.retention.KeepRuns, 1) || // never the newest one
			age < time.Duration(p.retention.KeepDays)*24*time.Hour ||
			age < Grace || // its own execution may still show it in the catalog
			c.root == p.plan.Root ||
			c.base() && !based[c.chain] // the changes of the chain are of no use without it, however many other copies are newer
		newer[c.kind]++
		based[c.chain] = based[c.chain] || c.base()
	}
	return kept
}

// keepChanges keeps the changes that belong to a copy of the table that stays. The changes of a chain belong to the full exports of the chain: a
// window is of no use without all windows before it, down to a full export. Other changes belong to the newest copy of the whole table.
func keepChanges(found []*candidate, kept map[*candidate]bool) {
	base := map[string]*candidate{}
	for _, c := range found {
		switch {
		case !kept[c], c.changes:
		case c.base() && base[c.chain] == nil:
			base[c.chain] = c
		}
		if kept[c] && c.whole {
			base[""] = c
		}
	}
	for _, c := range found {
		if !c.changes || c.removal != nil {
			continue
		}
		first := base[c.chain]
		if first == nil && c.chain != "" || first != nil && older(first, c) < 0 {
			kept[c] = true
		}
	}
}

// base reports whether the run has a full export, with which a chain begins.
func (c *candidate) base() bool { return c.chain != "" && c.full }

// keepFollowed keeps the runs whose exports are also in the result of another run that stays: that run has followed the export.
func keepFollowed(found []*candidate, kept map[*candidate]bool) {
	needed := map[string]bool{}
	for _, c := range found {
		for _, e := range c.exports {
			needed[e.Manifest] = needed[e.Manifest] || kept[c] && !e.own
		}
	}
	for _, c := range found {
		for _, e := range c.exports {
			kept[c] = kept[c] || needed[e.Manifest] && c.removal == nil
		}
	}
}

// kindOf returns what runs have in common that copy the same part of the table in the same format.
// Values of expressions are not part of it: a filter for the day before has another value each day.
func kindOf(of run.Plan, changes bool) string {
	k := struct {
		Changes                                             bool
		Format, Index, Filter, Projection, Transform, Coder string
		Segment                                             *int64
		View                                                request.ViewType
	}{Changes: changes}
	if e := of.Export; e != nil {
		k.Format = string(e.Request.Format)
		if f := e.Request.Filter; f != nil {
			k.Filter, k.Projection = f.KeyConditionExpression+" "+f.FilterExpression, f.ProjectionExpression
		}
		if changes {
			k.View = e.Request.ViewType
		}
	}
	if s := of.Scan; s != nil {
		r := s.Request
		filtered := r.FilterExpression + strings.Join(slices.Sorted(maps.Keys(r.ScanFilter)), " ")
		k.Format, k.Index, k.Filter, k.Segment, k.Transform = s.OutputFormat(), r.IndexName, filtered, r.Segment, s.Transform
		k.Projection = cmp.Or(r.ProjectionExpression, strings.Join(r.AttributesToGet, ","))
		if s.Encoder != nil {
			k.Coder = s.Encoder.Name
		}
	}
	if of.Parquet != nil {
		k.Format = string(request.FormatParquet)
	}
	return run.Digest(k)
}
