package deployment

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/fault"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// Line is a line that a function has logged for a run.
type Line struct {
	Time     time.Time
	Function contract.Function // "" if the log group's name does not say it
	Text     string            // as it was logged: a JSON object

	id string // of the event, which is unique in all log groups
}

// LogReader reads the lines of one run. It returns each line once.
type LogReader struct {
	d         *Deployment
	execution Execution
	functions []contract.Function
	runID     string // "" until the plan is known
	from      time.Time
	seen      map[string]bool
}

// lateness is how much later than another line, which was read already, a line with an earlier time can appear.
const lateness = time.Minute

// ReadLogs returns a reader of the lines of an execution's run. It reads the lines of the given functions, or of all functions if none is given.
func (d *Deployment) ReadLogs(e Execution, functions []contract.Function) *LogReader {
	return &LogReader{d: d, execution: e, functions: functions, from: e.Start.Add(-lateness), seen: map[string]bool{}}
}

// Next returns the lines that are new since the last call, in the order of their times.
func (r *LogReader) Next(ctx context.Context) ([]Line, error) {
	groups, err := r.d.LogGroups(ctx)
	if err != nil {
		return nil, err
	}
	name := r.runID
	if name == "" {
		planned, err := r.d.Planned(ctx, r.execution.ARN)
		if err != nil {
			return nil, err
		}
		name = r.execution.Name // of a failure in plan
		if planned != nil {
			r.runID, name = planned.Plan.RunID, planned.Plan.RunID
		}
	}
	var lines []Line
	for _, group := range groups {
		function := functionOf(group)
		if len(r.functions) > 0 && !slices.Contains(r.functions, function) {
			continue
		}
		found, err := r.read(ctx, group, name)
		if err != nil {
			return nil, err
		}
		for i := range found {
			found[i].Function = function
		}
		lines = append(lines, found...)
	}
	slices.SortStableFunc(lines, func(a, b Line) int { return a.Time.Compare(b.Time) })
	if len(lines) > 0 {
		r.from = lines[len(lines)-1].Time.Add(-lateness)
	}
	return lines, nil
}

// read returns the lines of a run in a log group that are new.
func (r *LogReader) read(ctx context.Context, group, name string) (lines []Line, err error) {
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(r.d.Logs, &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: &group, StartTime: aws.Int64(r.from.UnixMilli()), FilterPattern: aws.String(strconv.Quote(name)),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if fault.Code(err) == "ResourceNotFoundException" {
			return nil, fmt.Errorf("there is no log group %s in region %s: deploy the environment again", group, r.d.AWS.Region)
		}
		if err != nil {
			return nil, r.d.failed(err, "CloudWatch Logs", "logs:FilterLogEvents", "log group "+group)
		}
		for _, event := range page.Events {
			line := Line{Time: time.UnixMilli(aws.ToInt64(event.Timestamp)).UTC(), Text: strings.TrimSpace(aws.ToString(event.Message)), id: aws.ToString(event.EventId)}
			if !r.seen[line.id] && line.of(name) {
				r.seen[line.id] = true
				lines = append(lines, line)
			}
		}
	}
	return lines, nil
}

// of reports whether the line is about a run: the pattern of the look-up also matches lines that only mention its name, and metrics.
func (l Line) of(name string) bool {
	var fields struct {
		RunID     string          `json:"runId"`
		Execution string          `json:"execution"`
		Metrics   json.RawMessage `json:"_aws"`
	}
	err := json.Unmarshal([]byte(l.Text), &fields)
	return err == nil && fields.Metrics == nil && cmp.Or(fields.RunID, fields.Execution) == name
}

// functionOf returns the function that writes to a log group. CloudFormation makes the name from the name of the stack and from
// infra/functions.go, such as dynamodb-to-s3-prod-scanLogs1A2B3C4D-aBcDeFgH.
func functionOf(group string) contract.Function {
	for _, function := range contract.Functions() {
		if strings.Contains(group, "-"+string(function)+"Logs") || strings.HasSuffix(group, "-"+string(function)) {
			return function
		}
	}
	return ""
}
