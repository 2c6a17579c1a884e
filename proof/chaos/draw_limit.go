package chaos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/limit"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/servers"
)

// drawLimit draws a limit that is above the estimate of plan, and often below what the run consumes with its faults.
func (s *Scenario) drawLimit() {
	s.maxReadUnits = (2*float64(s.Segments) + 0.06*float64(s.Items)) * pick(draw(s.Seed, "limit"), 1.5, 2, 4)
}

// Limited says how much a run with a limit consumed until its first executions had ended.
type Limited struct {
	Limit, Units float64
	Page         float64 // the most that a page has cost
	AtWork       int     // invocations of scan, at the most
}

// consumption is what DynamoDB has charged the scans of a run for, as its answers say it. The answers are read behind all faults of the network.
type consumption struct {
	units, largest float64
	atWork, most   int // invocations of scan: now, and the most at the same time
}

// meter sends requests to DynamoDB, and adds up what the scans of runs consume.
type meter struct {
	next    http.RoundTripper
	harness *Harness
}

var capacityUnits = regexp.MustCompile(`"CapacityUnits":([0-9.]+)`)

// RoundTrip sends a request.
func (m meter) RoundTrip(request *http.Request) (*http.Response, error) {
	number, caller, _ := strings.Cut(request.Header.Get(header), " ")
	response, err := m.next.RoundTrip(request)
	if err != nil || !strings.HasPrefix(caller, string(contract.FunctionScan)) || !strings.HasSuffix(request.Header.Get("X-Amz-Target"), ".Scan") {
		return response, err
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close() // it was read
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	run, _ := strconv.Atoi(number) // no run has the number 0
	m.harness.mu.Lock()
	r := m.harness.runs[run]
	m.harness.mu.Unlock()
	if found := capacityUnits.FindSubmatch(body); found != nil && r != nil {
		units, _ := strconv.ParseFloat(string(found[1]), 64) // it has the form of a number
		r.mu.Lock()
		r.consumed.units, r.consumed.largest = r.consumed.units+units, max(r.consumed.largest, units)
		r.mu.Unlock()
	}
	return response, nil
}

// measure starts a server in front of DynamoDB that measures what scans consume, and returns its address.
func (h *Harness) measure(ctx context.Context, tables string) (address string, err error) {
	h.measuring, address, err = servers.InFront(ctx, tables, meter{transportTo(hostOf(tables), true), h})
	return address, err
}

// works counts an invocation of scan that begins (1) or ends (-1).
func (r *seedRun) works(function contract.Function, change int) {
	if function != contract.FunctionScan {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.consumed.atWork += change
	r.consumed.most = max(r.consumed.most, r.consumed.atWork)
}

// checkLimit returns what a run with a limit has consumed, nil for other runs. It returns an error if the run has passed its limit by more than a page for each invocation that was at work at the same time.
func (r *seedRun) checkLimit() (*Limited, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, most := r.consumed, r.scenario.maxReadUnits
	if over := c.units - most; most > 0 && over > c.largest*float64(c.most) {
		return nil, fmt.Errorf("the run has consumed %g read units, its limit is %g, a page had %g at most, and %d invocations were at work", c.units, most, c.largest, c.most)
	}
	if most == 0 {
		return nil, nil //nolint:nilnil // most runs have no limit
	}
	return &Limited{Limit: most, Units: c.units, Page: c.largest, AtWork: c.most}, nil
}

// raiseLimit raises the limit before failed executions are continued: in the bucket, as before a redrive, or for the next plan, as in the request of
// a local run.
func (r *seedRun) raiseLimit(ctx context.Context) error {
	if r.scenario.maxReadUnits == 0 {
		return nil
	}
	const enough = 100
	higher := enough * r.scenario.maxReadUnits
	if !r.scenario.Redrives {
		r.scenario.maxReadUnits = higher
		return nil
	}
	if committed, _, err := r.committed(ctx); committed != nil || err != nil { // then it reads no more
		return err
	}
	in := bucket.New(r.harness.objects, run.Plan{Bucket: r.bucket})
	claim, err := ledger.LoadClaim(ctx, in, r.layout())
	if errors.Is(err, bucket.ErrNotFound) { // it fails before it reads
		return nil
	}
	if err != nil {
		return err
	}
	return limit.Raise(ctx, in, claim.Output.Plan, higher)
}
