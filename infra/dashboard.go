package main

import (
	"fmt"
	"strings"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/metric"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	cloudwatch "github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	sfn "github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctions"
	"github.com/aws/jsii-runtime-go"
)

// dashboardPeriod is what a point of a graph adds up, in seconds.
const dashboardPeriod = 300

// newDashboard adds the dashboard: is it running, how far is it, how fast, what stands in its way, what does it cost. What is by
// table is searched for, since the environment's tables may be patterns; a search finds what had data in the last two weeks.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-search-expressions.html
func newDashboard(stack awscdk.Stack, machine sfn.StateMachine, functions map[contract.Function]awslambda.Function, props *Props) {
	d := dashboard{machine: machine, functions: functions, props: props}
	cloudwatch.NewDashboard(stack, jsii.String("Dashboard"), &cloudwatch.DashboardProps{
		DashboardName: stack.StackName(), // as unique as the stack's, and to be found by people
		Widgets: &[]*[]cloudwatch.IWidget{
			{graph("Runs", d.executions()...), graph("Runs under way, of those started in this time", d.running()), d.freshness()},
			{
				graph("Segments", d.tables(metric.Segments, "Sum", "", "done"), d.tables(metric.SegmentsPlanned, "Sum", "", "planned")),
				graph("Invocations of scan", d.tables(metric.Invocations, "Sum", "", ""), d.tables(metric.HandOvers, "Sum", "", "handed over")),
				graph("Failures of functions, by error", d.by(metric.Failures, metric.DimensionErrorName)),
			},
			{
				graph("Items a second", d.tables(metric.Items, "Sum", perSecond, "")),
				graph("Bytes a second", d.tables(metric.PageBytes, "Sum", perSecond, "read"), d.tables(metric.Bytes, "Sum", perSecond, "stored")),
				graph("Read units a second", d.tables(metric.ReadUnits, "Sum", perSecond, "")),
			},
			{
				graph("Throttled tries, by reason", d.by(metric.Throttles, metric.DimensionTable, metric.DimensionReason)),
				graph("Seconds to close what is open", d.tables(metric.FlushSeconds, "Maximum", "", "")),
				graph("Seconds of invocations that were not used", d.tables(metric.BudgetUnused, "Average", "", "")),
			},
			{
				graph("Duration of functions, in ms", d.ofFunctions("Duration", "p50", "p99")...),
				graph("Errors of functions", d.ofFunctions("Errors", "Sum")...),
				graph("Functions at once", d.ofFunctions("ConcurrentExecutions", "Maximum")...),
			},
			{
				graph("Duration of runs, in seconds", d.tables(metric.RunSeconds, "Maximum", "", "")),
				graph("Exports, in billed bytes", d.tables(metric.BilledBytes, "Sum", "", "")),
				graph("Cost in this time in US$, an estimate", d.costs()...),
			},
		},
	})
}

// dashboard makes the metrics of one.
type dashboard struct {
	machine   sfn.StateMachine
	functions map[contract.Function]awslambda.Function
	props     *Props
}

// perSecond makes a rate of a sum. A scan's numbers come when an invocation ends, so that a rate is right in the mean only.
var perSecond = fmt.Sprintf(" / %d", dashboardPeriod)

func (d dashboard) executions() []cloudwatch.IMetric {
	machine := d.machine
	label := func(text string) *cloudwatch.MetricOptions {
		return &cloudwatch.MetricOptions{Label: jsii.String(text)}
	}
	return []cloudwatch.IMetric{
		machine.MetricStarted(label("started")), machine.MetricSucceeded(label("succeeded")), machine.MetricFailed(label("failed")),
		machine.MetricTimedOut(label("timed out")), machine.MetricAborted(label("stopped")),
	}
}

// running is how many runs are under way: Step Functions counts starts and ends only, but for the whole account.
func (d dashboard) running() cloudwatch.IMetric {
	machine := d.machine
	return expression("under way", "RUNNING_SUM(FILL(started, 0) - FILL(succeeded, 0) - FILL(failed, 0) - FILL(timedOut, 0) - FILL(aborted, 0))", map[string]cloudwatch.IMetric{
		"started": machine.MetricStarted(nil), "succeeded": machine.MetricSucceeded(nil), "failed": machine.MetricFailed(nil),
		"timedOut": machine.MetricTimedOut(nil), "aborted": machine.MetricAborted(nil),
	})
}

// freshness shows how many hours ago the last successful run of each table was committed: the end of a point less the time that
// was last written. It looks back two weeks whatever the dashboard shows, for FILL can repeat only what there was; before the
// first of a table nothing is repeated, and the number is senseless, which is why it is no graph but the last number only.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html#metric-math-syntax-functions-list
func (d dashboard) freshness() cloudwatch.IWidget {
	age := expression(labelOf(metric.DimensionTable), fmt.Sprintf("(EPOCH(FIRST(last)) + %d - FILL(last, REPEAT)) / 3600", dashboardPeriod), map[string]cloudwatch.IMetric{
		"last": expression("", d.search(metric.LastSuccess, "Maximum", metric.DimensionTable), nil),
	})
	return cloudwatch.NewSingleValueWidget(&cloudwatch.SingleValueWidgetProps{
		Title: jsii.String("Hours since the last successful run, of two weeks"), Width: jsii.Number(8), Height: jsii.Number(6),
		Metrics: &[]cloudwatch.IMetric{age}, Start: jsii.String("-P14D"), End: jsii.String("P0D"),
	})
}

func (d dashboard) ofFunctions(m string, statistics ...string) (all []cloudwatch.IMetric) {
	for _, function := range contract.Functions() {
		for _, statistic := range statistics {
			label := string(function)
			if len(statistics) > 1 {
				label += " " + statistic
			}
			all = append(all, d.functions[function].Metric(&m, &cloudwatch.MetricOptions{Statistic: jsii.String(statistic), Label: &label}))
		}
	}
	return all
}

// tables is a metric of every table, with what is to be done to its numbers and said beside the table's name.
func (d dashboard) tables(name metric.Name, statistic, then, label string) cloudwatch.IMetric {
	return expression(strings.TrimSpace(labelOf(metric.DimensionTable)+" "+label), d.search(name, statistic, metric.DimensionTable)+then, nil)
}

// by is the sum of a metric by what else it is kept by.
func (d dashboard) by(name metric.Name, dimensions ...string) cloudwatch.IMetric {
	var labels []string
	for _, dimension := range dimensions {
		labels = append(labels, labelOf(dimension))
	}
	return expression(strings.Join(labels, " "), d.search(name, "Sum", dimensions...), nil)
}

// labelOf is what CloudWatch replaces by the value of a dimension.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/graph-dynamic-labels.html
func labelOf(dimension string) string { return "${PROP('Dim." + dimension + "')}" }

// search finds a metric of the environment that is kept by these dimensions too, and by no others, whatever their values are.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
func (d dashboard) search(name metric.Name, statistic string, dimensions ...string) string {
	schema := strings.Join(append([]string{`"` + metric.Namespace + `"`, metric.DimensionEnvironment}, dimensions...), ",")
	return fmt.Sprintf(`SEARCH('{%s} MetricName="%s" %s="%s"', '%s', %d)`, schema, name, metric.DimensionEnvironment, d.props.Name, statistic, dashboardPeriod)
}

func expression(label, text string, using map[string]cloudwatch.IMetric) cloudwatch.IMetric {
	props := &cloudwatch.MathExpressionProps{Expression: &text, Label: &label, Period: awscdk.Duration_Seconds(jsii.Number(dashboardPeriod))}
	if using != nil {
		props.UsingMetrics = &using
	}
	return cloudwatch.NewMathExpression(props)
}

func graph(title string, metrics ...cloudwatch.IMetric) cloudwatch.IWidget {
	return cloudwatch.NewGraphWidget(&cloudwatch.GraphWidgetProps{
		Title: &title, Left: &metrics, Width: jsii.Number(8), Height: jsii.Number(6),
		LeftYAxis: &cloudwatch.YAxisProps{Min: jsii.Number(0), ShowUnits: jsii.Bool(false)},
	})
}
