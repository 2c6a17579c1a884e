package main

import (
	"fmt"
	"strconv"
	"strings"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/metric"
	"dynamodb-to-s3/lambda/price"

	cloudwatch "github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/jsii-runtime-go"
)

const (
	millisecondsPerSecond = 1000
	mebibytesPerGibibyte  = 1024
)

// costs returns the estimated cost since the beginning of the graph, by service, with the prices of the environment. Reads count as on demand:
// provisioned capacity is paid for anyway. All exports count with the price of full ones, which is the same in us-east-1. S3 requests, logs,
// CloudWatch itself and the checks of exports, about $0.0001 each, are left out. An execution that only explains has three transitions and
// counts as a run.
func (d dashboard) costs() []cloudwatch.IMetric {
	all := func(name metric.Name) string { return "SUM(" + d.search(name, "Sum", metric.DimensionTable) + ")" }
	durations := map[string]cloudwatch.IMetric{}
	var terms []string
	for _, function := range d.props.functions() {
		id := string(function)
		durations[id] = d.functions[function].MetricDuration(&cloudwatch.MetricOptions{Statistic: jsii.String("Sum")})
		terms = append(terms, fmt.Sprintf("FILL(%s, 0) * %s", id, decimal(d.props.limits(function).memoryMiB/mebibytesPerGibibyte/millisecondsPerSecond*d.props.price(d.props.gbSecond()))))
	}
	transitions := fmt.Sprintf("FILL(%s, 0) * %d + FILL(%s, 0) + FILL(started, 0) * %d + FILL(decided, 0) * %d + FILL(converted, 0) * %d",
		all(metric.Invocations), price.TransitionsOfScan, all(metric.Segments), price.TransitionsOfRun, price.TransitionsOfColumns, price.TransitionsOfConvert)
	calls := func(function contract.Function) cloudwatch.IMetric {
		return d.functions[function].MetricInvocations(nil)
	}
	return []cloudwatch.IMetric{
		soFar("reads, if on demand", fmt.Sprintf("FILL(%s, 0) * %s", all(metric.ReadUnits), decimal(d.props.price(price.ReadUnits))), nil),
		soFar("exports", fmt.Sprintf("FILL(%s, 0) * %s", all(metric.BilledBytes), decimal(d.props.price(price.FullExport))), nil),
		soFar("Lambda", strings.Join(terms, " + "), durations),
		soFar("Step Functions", fmt.Sprintf("(%s) * %s", transitions, decimal(d.props.price(price.Transitions))), map[string]cloudwatch.IMetric{
			"started": d.machine.MetricStarted(nil), "decided": calls(contract.FunctionColumns), "converted": calls(contract.FunctionConvert),
		}),
	}
}

// price returns what one unit of something costs, such as one read unit or one byte.
func (p *Props) price(name price.Name) float64 {
	own := price.Prices{}
	for each, dollars := range p.Prices {
		own[price.Name(each)] = dollars
	}
	return own.Of(name, 1)
}

// gbSecond is the name of the price of the functions' time.
func (p *Props) gbSecond() price.Name {
	if p.Functions.Architecture == "x86_64" {
		return price.LambdaX86
	}
	return price.LambdaARM
}

// soFar is the running sum since the beginning of the graph.
func soFar(label, text string, using map[string]cloudwatch.IMetric) cloudwatch.IMetric {
	return expression(label, "RUNNING_SUM("+text+")", using)
}

// decimal formats a number without an exponent, which the documented syntax of CloudWatch does not have.
func decimal(number float64) string { return strconv.FormatFloat(number, 'f', -1, 64) }
