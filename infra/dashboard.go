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

// dashboardPeriod is the time of one point of a graph, in seconds.
const dashboardPeriod = 300

// newDashboard adds the dashboard: runs, progress, speed, throttling, functions and cost. Graphs by table use searches, because the
// environment may name tables by patterns. A search finds the metrics that had data in the last two weeks.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-search-expressions.html
func newDashboard(stack awscdk.Stack, machine sfn.StateMachine, functions map[contract.Function]awslambda.Function, props *Props) {
	d := dashboard{machine: machine, functions: functions, props: props}
	cloudwatch.NewDashboard(stack, jsii.String("Dashboard"), &cloudwatch.DashboardProps{
		// Dashboards are global to an account, and stacks of two regions can have the same name.
		DashboardName: jsii.String(*stack.StackName() + "-" + *stack.Region()),
		Widgets: &[]*[]cloudwatch.IWidget{
			{graph("Executions, and committed runs", append(d.executions(), d.tables(metric.RunsSucceeded, "Sum", "", "committed"))...), graph("Running executions (started in this period)", d.running()), d.freshness()},
			{
				graph("Segments", d.tables(metric.Segments, "Sum", "", "done"), d.tables(metric.SegmentsPlanned, "Sum", "", "planned")),
				graph("Invocations of scan", d.tables(metric.Invocations, "Sum", "", ""), d.tables(metric.HandOvers, "Sum", "", "handed over")),
				graph("Failures, by error name", d.by(metric.Failures, metric.DimensionErrorName)),
			},
			{
				graph("Items per second", d.tables(metric.Items, "Sum", perSecond, "")),
				graph("Bytes per second", d.tables(metric.PageBytes, "Sum", perSecond, "read"), d.tables(metric.Bytes, "Sum", perSecond, "stored")),
				graph("Read units per second", d.tables(metric.ReadUnits, "Sum", perSecond, "")),
			},
			{
				graph("Throttled requests, by reason", d.by(metric.Throttles, metric.DimensionTable, metric.DimensionReason)),
				graph("Seconds to close open objects", d.tables(metric.FlushSeconds, "Maximum", "", "")),
				graph("Unused seconds per invocation", d.tables(metric.BudgetUnused, "Average", "", "")),
			},
			{
				graph("Duration of functions (ms)", d.ofFunctions("Duration", "p50", "p99")...),
				graph("Errors of functions", d.ofFunctions("Errors", "Sum")...),
				graph("Concurrent invocations", d.ofFunctions("ConcurrentExecutions", "Maximum")...),
			},
			{
				graph("Duration of runs (s)", d.tables(metric.RunSeconds, "Maximum", "", "")),
				graph("Billed bytes of exports", d.tables(metric.BilledBytes, "Sum", "", "")),
				graph("Estimated cost in this period (US$)", d.costs()...),
			},
		},
	})
}

// dashboard makes the metrics of the dashboard.
type dashboard struct {
	machine   sfn.StateMachine
	functions map[contract.Function]awslambda.Function
	props     *Props
}

// perSecond turns a sum into a rate. A scan writes its metrics when an invocation ends, so only the average over time is exact.
var perSecond = fmt.Sprintf(" / %d", dashboardPeriod)

// executions are those of the state machine. Some of them succeed without a run: those that only explain, and the second delivery of a firing.
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

// running is the number of running executions. Step Functions has no such metric for one state machine, so it is computed from the
// starts and the ends.
func (d dashboard) running() cloudwatch.IMetric {
	machine := d.machine
	return expression("running", "RUNNING_SUM(FILL(started, 0) - FILL(succeeded, 0) - FILL(failed, 0) - FILL(timedOut, 0) - FILL(aborted, 0))", map[string]cloudwatch.IMetric{
		"started": machine.MetricStarted(nil), "succeeded": machine.MetricSucceeded(nil), "failed": machine.MetricFailed(nil),
		"timedOut": machine.MetricTimedOut(nil), "aborted": machine.MetricAborted(nil),
	})
}

// freshness shows, for each table, how many hours ago the last successful run was committed. The metric holds the time of the commit,
// and FILL repeats its last value. FILL repeats only values inside the period that is shown, so the widget always looks back two
// weeks. Before the first value of a table the result is meaningless, so the widget shows the last number and no graph.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html#metric-math-syntax-functions-list
func (d dashboard) freshness() cloudwatch.IWidget {
	age := expression(labelOf(metric.DimensionTable), fmt.Sprintf("(EPOCH(FIRST(last)) + %d - FILL(last, REPEAT)) / 3600", dashboardPeriod), map[string]cloudwatch.IMetric{
		"last": expression("", d.search(metric.LastSuccess, "Maximum", metric.DimensionTable), nil),
	})
	return cloudwatch.NewSingleValueWidget(&cloudwatch.SingleValueWidgetProps{
		Title: jsii.String("Hours since the last successful run (two weeks)"), Width: jsii.Number(8), Height: jsii.Number(6),
		Metrics: &[]cloudwatch.IMetric{age}, Start: jsii.String("-P14D"), End: jsii.String("P0D"),
	})
}

func (d dashboard) ofFunctions(m string, statistics ...string) (all []cloudwatch.IMetric) {
	for _, function := range d.props.functions() {
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

// tables is a metric by table. then is appended to the expression, label to the name of the table.
func (d dashboard) tables(name metric.Name, statistic, then, label string) cloudwatch.IMetric {
	return expression(strings.TrimSpace(labelOf(metric.DimensionTable)+" "+label), d.search(name, statistic, metric.DimensionTable)+then, nil)
}

// by is the sum of a metric by dimensions.
func (d dashboard) by(name metric.Name, dimensions ...string) cloudwatch.IMetric {
	var labels []string
	for _, dimension := range dimensions {
		labels = append(labels, labelOf(dimension))
	}
	return expression(strings.Join(labels, " "), d.search(name, "Sum", dimensions...), nil)
}

// labelOf is the text that CloudWatch replaces by the value of a dimension.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/graph-dynamic-labels.html
func labelOf(dimension string) string { return "${PROP('Dim." + dimension + "')}" }

// search finds the metrics of the environment that have exactly these further dimensions, with any values.
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
