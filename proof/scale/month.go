package scale

import (
	"fmt"
	"strconv"
	"strings"

	"dynamodb-to-s3/lambda/price"
)

// The example of docs/cost.md: a table that is scanned each night, and whose last runs stay.
const (
	monthTable, monthSegments = 100e9, 94 // a segment for each GiB
	nights, kept              = 30, 7
	alarmMetrics              = 5  // failed and timed out runs, throttles, undelivered firings, and one stale table
	tableMetrics              = 20 // of one table
	metricHours               = 2  // with data, each night
	monthHours                = 730
	logBytes                  = 1e6 // of one run
)

// Prices returns the table of prices, in Markdown.
func Prices() string {
	per := map[float64]string{1: "each", 1e3: "per thousand", 1e6: "per million", 1e9: "per GB", 1e12: "per TB"}
	var b strings.Builder
	b.WriteString("| what | price in us-east-1 | name in `prices` |\n|---|---|---|\n")
	for _, entry := range price.List() {
		checked := " (unverified)"
		if entry.Verified {
			checked = ""
		}
		fmt.Fprintf(&b, "| %s | $%s %s%s | `%s` |\n", entry.What, dollars(entry.Dollars), per[entry.For], checked, entry.Name)
	}
	return b.String()
}

// dollars writes a price with all of its decimals, and at least two if it has any.
func dollars(price float64) string {
	text := strconv.FormatFloat(price, 'f', -1, 64)
	if point := strings.IndexByte(text, '.'); point > 0 && point == len(text)-2 {
		text += "0"
	}
	return text
}

// Month returns what the example of docs/cost.md costs in a month, in Markdown.
func Month() string {
	in := Usual(monthTable, usualUnits)
	in.Segments = monthSegments
	o := Compute(in)
	stored := kept * monthTable * in.StorePerTableByte
	var b strings.Builder
	b.WriteString("| service | what | US$ a month |\n|---|---|---:|\n")
	var total float64
	row := func(service, what string, dollars float64) {
		total += dollars
		fmt.Fprintf(&b, "| %s | %s | %.2f |\n", service, what, dollars)
	}
	row("DynamoDB", fmt.Sprintf("%.1f million read units a night, on demand, eventually consistent", o.ReadUnits/1e6), nights*o.ReadDollars)
	row("Lambda", fmt.Sprintf("%.0f GB of Scan answers a night, in %s invocations of `scan`, with 256 MiB", monthTable*in.PagePerTableByte/1e9, whole(o.Invocations-2)), nights*o.LambdaDollars)
	row("Step Functions", fmt.Sprintf("%s transitions a night", whole(o.Transitions)), nights*o.StateDollars)
	row("S3", fmt.Sprintf("%s writing requests a night: objects in parts of 8 MiB, segment lists", whole(o.Puts)), nights*o.RequestDollars)
	row("S3", fmt.Sprintf("%.0f GB: the last %d runs", stored/1e9, kept), in.Prices.Of(price.S3Storage, stored))
	row("CloudWatch", fmt.Sprintf("1 dashboard, alarms with %d metrics, %d metrics of the table with data for %d hours a night, logs", alarmMetrics, tableMetrics, metricHours),
		in.Prices.Of("dashboardPerMonth", 1)+in.Prices.Of("alarmMetricPerMonth", alarmMetrics)+
			in.Prices.Of("metricPerMonth", tableMetrics*metricHours*nights/float64(monthHours))+in.Prices.Of("logsPerGB", nights*logBytes))
	row("KMS", "the key of the notification topic", in.Prices.Of("kmsKeyPerMonth", 1))
	row("EventBridge, SNS, SQS", fmt.Sprintf("%d firings and messages: less than a cent (unverified)", nights), 0)
	fmt.Fprintf(&b, "| **total** | | **%.2f** |\n", total)
	return b.String()
}
