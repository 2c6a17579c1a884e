package watch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"dynamodb-to-s3/cmd/ddb2s3/deployment"
	"dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/fault"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// Look is what is known about an execution at a moment.
type Look struct {
	Time   time.Time        `json:"time"`
	Name   string           `json:"name"`
	Status execution.Status `json:"status"`
	Start  time.Time        `json:"startDate"`
	Phase  Phase            `json:"phase,omitempty"`
	// PhaseStart is when the phase began.
	PhaseStart time.Time `json:"phaseStart,omitzero"`
	Table      string    `json:"table,omitempty"`
	// Segments counts the children of the Map that the execution is in: segments, batches of uploads or exports. Nil if it is in none.
	Segments *Children `json:"segments,omitempty"`
	// Read is what the segment lists of the pass say; nil if no list was read yet.
	Read *Read `json:"read,omitempty"`
	// Estimate is what plan expected of the run, and MaxReadUnits what it may consume, 0 for no limit.
	Estimate     *run.Estimated `json:"estimate,omitempty"`
	MaxReadUnits float64        `json:"maxReadUnits,omitempty"`
	// SecondsLeft is how long the pass still takes; nil if that is not known.
	SecondsLeft *float64 `json:"secondsLeft,omitempty"`
	// Exports are the native exports that the execution follows.
	Exports []Export `json:"exports,omitempty"`
	// Retry is the name of the error of the last call of a function, which the state machine repeats.
	Retry string `json:"retry,omitempty"`
	// Problem is why the look, or a part of it, failed. The other members are then those of an earlier look.
	Problem string `json:"problem,omitempty"`
}

// Children counts the children of a Map.
type Children struct {
	Unit    string `json:"unit"` // such as segment
	Total   int64  `json:"total"`
	Done    int64  `json:"done"`
	Running int64  `json:"running"`
	Failed  int64  `json:"failed"`
}

// Read is what the segment lists of a pass say. An invocation writes its list when it ends, so the lists lack what is at work.
type Read struct {
	run.Totals
	Lists       int              `json:"lists"`
	Throttles   map[string]int64 `json:"throttles,omitempty"`
	WaitSeconds float64          `json:"waitSeconds,omitempty"`
	// ItemsPerSecond and BytesPerSecond are what one segment reads in a second, on average over the lists, times the segments that are at work.
	ItemsPerSecond float64 `json:"itemsPerSecond,omitempty"`
	BytesPerSecond float64 `json:"bytesPerSecond,omitempty"`
	// Behind says that there are lists that were not read yet, so that all numbers are too small.
	Behind bool `json:"behind,omitempty"`
}

// Export is a native export.
type Export struct {
	ExportARN    string `json:"exportArn"`
	ExportStatus string `json:"exportStatus"`
}

// observer looks at one execution, again and again.
type observer struct {
	deployment *deployment.Deployment
	arn, name  string
	history    history
	lists      *lists // of the pass; nil before the first one
	// unreadable is why the segment lists cannot be read, so that nothing more is tried; "" if they can.
	unreadable string
	last       Look
}

// look looks once. If it fails, the execution may still run.
func (o *observer) look(ctx context.Context, now time.Time) (Look, error) {
	answer, err := o.deployment.SFN.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &o.arn, IncludedData: types.IncludedDataMetadataOnly})
	if err != nil {
		return o.last, named(err, "states:DescribeExecution", o.arn)
	}
	if err := o.readHistory(ctx); err != nil {
		return o.last, err
	}
	h := &o.history
	look := Look{
		Time: now.UTC(), Name: o.name, Status: execution.Status(answer.Status), Start: aws.ToTime(answer.StartDate).UTC(),
		Phase: h.phase, PhaseStart: h.since.UTC(), Table: h.plan.Table, Estimate: h.plan.Estimate, Retry: h.retry,
	}
	if look.Segments, err = o.children(ctx); err != nil {
		return o.last, err
	}
	if h.phase == Exporting {
		for _, export := range h.export.Exports {
			look.Exports = append(look.Exports, Export{export.ExportARN, export.ExportStatus})
		}
	}
	look.Problem = o.readLists(ctx, &look)
	o.last = look
	return look, nil
}

// readHistory reads the events since the last look. Without its data, the newest event costs little, and mostly there is no newer one. Some
// emulators return all events in their own order, whatever they are asked for.
func (o *observer) readHistory(ctx context.Context) error {
	last := o.history.last
	in := sfn.GetExecutionHistoryInput{ExecutionArn: &o.arn, ReverseOrder: true, MaxResults: 1, IncludeExecutionData: aws.Bool(false)}
	newest, err := o.deployment.SFN.GetExecutionHistory(ctx, &in)
	if err != nil {
		return named(err, "states:GetExecutionHistory", o.arn)
	}
	latest := last
	for _, event := range newest.Events {
		latest = max(latest, event.Id)
	}
	if latest == last {
		return nil
	}
	const page = 100                                                                       // some inputs have many segments
	in.MaxResults, in.IncludeExecutionData = int32(min(latest-last, page)), aws.Bool(true) //nolint:gosec // at most a page
	var events []types.HistoryEvent
	known := func(event types.HistoryEvent) bool { return event.Id <= last }
	for pages := sfn.NewGetExecutionHistoryPaginator(o.deployment.SFN, &in); pages.HasMorePages() && int64(len(events)) < latest-last; {
		answer, err := pages.NextPage(ctx)
		if err != nil {
			return named(err, "states:GetExecutionHistory", o.arn)
		}
		events = append(events, answer.Events...)
	}
	events = slices.DeleteFunc(events, known)
	slices.SortFunc(events, func(a, b types.HistoryEvent) int { return int(a.Id - b.Id) })
	for _, event := range events {
		o.history.add(event)
	}
	return nil
}

// children counts the children of the Map that the execution is in.
func (o *observer) children(ctx context.Context) (*Children, error) {
	h := &o.history
	if h.mapRun == "" {
		return nil, nil //nolint:nilnil // the execution is in no Map
	}
	answer, err := o.deployment.SFN.DescribeMapRun(ctx, &sfn.DescribeMapRunInput{MapRunArn: &h.mapRun})
	if err != nil {
		return nil, named(err, "states:DescribeMapRun", h.mapRun)
	}
	counts := cmp.Or(answer.ItemCounts, &types.MapRunItemCounts{})
	unit := "segment"
	switch h.phase {
	case Exporting:
		unit = "export"
	case Finalizing:
		unit = "batch"
	}
	return &Children{Unit: unit, Total: counts.Total, Done: counts.Succeeded, Running: counts.Running, Failed: counts.Failed + counts.TimedOut + counts.Aborted}, nil
}

// readLists adds what the segment lists say to a look. It returns why they cannot be read, "" if they can.
func (o *observer) readLists(ctx context.Context, look *Look) string {
	h := &o.history
	if h.begun.IsZero() || h.plan.Scan == nil {
		return ""
	}
	if o.lists == nil || o.lists.begun != h.begun {
		o.lists = newLists(o.deployment.S3, h.plan, h.begun)
	}
	if !h.overSegments() || look.ended() {
		o.lists.end()
	}
	problem := o.unreadable
	look.MaxReadUnits = o.lists.limit
	if problem == "" && (!o.lists.over || o.lists.behind()) {
		if err := o.lists.look(ctx); err != nil {
			problem = fmt.Sprintf("the segment lists cannot be read (%s): %v", failure.NameOf(err), err)
			if failure.NameOf(err).Permanent() {
				o.unreadable = problem
			}
		}
	}
	all := o.lists.sum()
	if all.lists == 0 {
		return problem
	}
	running := int64(0)
	if look.Segments != nil && h.overSegments() {
		running = look.Segments.Running
	}
	p := pass{plan: h.plan, sum: all, segments: h.segments, atWork: float64(running), took: look.Time.Sub(h.begun)}
	look.Read = &Read{
		Totals: all.Totals, Lists: all.lists, Throttles: all.throttles, WaitSeconds: all.waited, Behind: o.lists.behind(),
		ItemsPerSecond: p.speed(float64(all.Scanned)), BytesPerSecond: p.speed(float64(all.PageBytes)),
	}
	if left, known := p.left(); known && !look.Read.Behind {
		look.SecondsLeft = new(left.Seconds())
	}
	return problem
}

// named gives the error of a call of Step Functions the name that says what to do.
func named(err error, action, on string) error {
	return fault.Call{
		Service: "Step Functions", Action: action, On: on, Key: "the KMS key of the deployment",
		Role: "that your user or role has this permission",
	}.Named(err)
}

// transient reports whether a look that failed can succeed later: the network, the number of calls, or an answer that is damaged.
func transient(err error) bool {
	switch failure.NameOf(err) {
	case failure.Throttled, failure.EndpointUnreachable, failure.MalformedAnswer:
		return true
	default:
		return fault.Status(err)/100 == 5 || errors.Is(err, context.DeadlineExceeded)
	}
}
