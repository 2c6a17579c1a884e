package exports

import (
	"context"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

const exportTable = "ExportTableToPointInTime"

const (
	inProgress = "IN_PROGRESS"
	completed  = "COMPLETED"
	failed     = "FAILED"
)

// tokenLife is how long a client token refers to the export that it has started.
const tokenLife = 8 * time.Hour

// mostListed is the largest number of exports in one answer of ListExports.
const mostListed = 25

// exports holds all exports that were started.
type exports struct {
	starting sync.Mutex // held while an export starts, so that two calls with one token start one export

	mu   sync.Mutex
	all  []*export // in the order of their ARNs
	last int64     // the milliseconds in the last ARN
	held bool
}

// An export is one export. The lock of exports guards it.
type export struct {
	description description
	parameters  string   // a request with the same token must have the same parameters
	checks      int      // how many more calls of DescribeExport get IN_PROGRESS
	failure     *failure // how it must end; nil if it may succeed

	checked chan struct{} // closed when checks is 0; nil if it was 0 at the start
	held    chan struct{} // never closed; nil if the export is not held
	finish  chan struct{} // closed by Finish
	done    chan struct{} // closed when the export has ended
}

// A description is the answer of DescribeExport.
type description struct {
	request
	ARN             string `json:"ExportArn"`
	Status          string `json:"ExportStatus"`
	TableID         string `json:"TableId"`
	StartTime       *epoch
	EndTime         *epoch `json:",omitempty"`
	ExportManifest  string `json:",omitempty"`
	FailureCode     string `json:",omitempty"`
	FailureMessage  string `json:",omitempty"`
	BilledSizeBytes *int64 `json:",omitempty"`
	ItemCount       *int64 `json:",omitempty"`
}

func described(d description) any { return map[string]any{"ExportDescription": d} }

// startExport is ExportTableToPointInTime. The export has the log as it is now, and is written in the background.
func (s *Server) startExport(ctx context.Context, body []byte) (any, error) {
	in, parameters, err := parse(body)
	if err != nil {
		return nil, err
	}
	s.exports.starting.Lock()
	defer s.exports.starting.Unlock()
	if known, err := s.exports.startedBy(in.ClientToken, parameters, s.Now()); known != nil || err != nil {
		return known, err
	}
	h, unlock, err := s.open(ctx, in.TableARN)
	if err != nil {
		return nil, err
	}
	defer unlock()
	now := s.Now()
	if err := in.checkTimes(h.recovery, now); err != nil {
		return nil, err
	}
	if in.Filter != nil {
		if err := s.checkFilter(ctx, h.schema.Name, in.Filter); err != nil {
			return nil, err
		}
	}
	e := s.exports.add(in, h.schema.ID, now, s.options.Checks)
	e.parameters, e.failure = parameters, s.control.nextFailure()
	out := described(e.description)
	records, schema := in.records(h), h.schema
	s.running.Go(func() { s.run(ctx, e, schema, records) })
	return out, nil
}

// startedBy returns the description of the export that a token has started, or nil.
func (x *exports) startedBy(token, parameters string, now time.Time) (any, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, e := range slices.Backward(x.all) {
		switch {
		case token == "" || e.description.ClientToken != token || now.Sub(e.description.StartTime.Time) >= tokenLife:
		case e.parameters != parameters:
			return nil, refuse("ExportConflictException", "ClientToken %s has started export %s, with other parameters", token, e.description.ARN)
		default:
			return described(e.description), nil
		}
	}
	return nil, nil
}

// add adds an export that is in progress. Its ARN has a time, which is different for each export: lists follow the order of ARNs.
func (x *exports) add(in request, tableID string, now time.Time, checks int) *export {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.last = max(now.UnixMilli(), x.last+1)
	e := &export{
		description: description{
			request: in, TableID: tableID, Status: inProgress, StartTime: &epoch{now},
			ARN: fmt.Sprintf("%s/export/%014d-%08x", in.TableARN, x.last, rand.Uint32()), //nolint:gosec // part of a name, not a secret
		},
		checks: checks, finish: make(chan struct{}), done: make(chan struct{}),
	}
	if checks > 0 {
		e.checked = make(chan struct{})
	}
	if x.held {
		e.held = make(chan struct{})
	}
	x.all = append(x.all, e)
	return e
}

// describeExport is DescribeExport. If an export only has to be written, it waits until the export is written. So a test always gets
// IN_PROGRESS exactly as often as it has asked for, even on a slow machine.
func (s *Server) describeExport(ctx context.Context, body []byte) (any, error) {
	var in struct {
		ARN string `json:"ExportArn"`
	}
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	e, writing := s.exports.check(in.ARN)
	if e == nil {
		return nil, refuse("ExportNotFoundException", "Export not found: %s", in.ARN)
	}
	if writing && s.options.Delay == 0 {
		select {
		case <-e.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	s.exports.mu.Lock()
	defer s.exports.mu.Unlock()
	return described(e.description), nil
}

// check counts a check of an export. It returns the export, or nil if there is none with that ARN. writing is true if the export only
// has to be written: it was checked often enough and is not held.
func (x *exports) check(arn string) (e *export, writing bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	i := slices.IndexFunc(x.all, func(e *export) bool { return e.description.ARN == arn })
	if i < 0 {
		return nil, false
	}
	e = x.all[i]
	writing = e.checks == 0 && e.held == nil
	if e.checks > 0 {
		if e.checks--; e.checks == 0 {
			close(e.checked)
		}
	}
	return e, writing
}

type exportSummary struct {
	ARN    string `json:"ExportArn"`
	Status string `json:"ExportStatus"`
	Type   string `json:"ExportType,omitempty"`
}

// listExports is ListExports, the newest export first. A token is the ARN at which the next page begins.
func (s *Server) listExports(_ context.Context, body []byte) (any, error) {
	var in struct {
		TableARN   string `json:"TableArn"`
		MaxResults *int
		NextToken  string
	}
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	most := mostListed
	if in.MaxResults != nil {
		if most = *in.MaxResults; most < 1 || most > mostListed {
			return nil, invalid("MaxResults: got %d, want 1 to %d", most, mostListed)
		}
	}
	next, err := base64.RawURLEncoding.DecodeString(in.NextToken)
	if err != nil {
		return nil, invalid("NextToken: %s is not a token of ListExports", in.NextToken)
	}
	var out struct {
		Summaries []exportSummary `json:"ExportSummaries"`
		NextToken string          `json:",omitempty"`
	}
	out.Summaries = []exportSummary{}
	s.exports.mu.Lock()
	defer s.exports.mu.Unlock()
	all := s.exports.all
	if len(next) > 0 {
		all = all[:slices.IndexFunc(all, func(e *export) bool { return e.description.ARN == string(next) })+1]
	}
	for _, e := range slices.Backward(all) {
		d := e.description
		if in.TableARN != "" && d.TableARN != in.TableARN {
			continue
		}
		if len(out.Summaries) == most {
			out.NextToken = base64.RawURLEncoding.EncodeToString([]byte(d.ARN))
			break
		}
		out.Summaries = append(out.Summaries, exportSummary{ARN: d.ARN, Status: d.Status, Type: d.ExportType})
	}
	return out, nil
}
