package metric

import (
	"encoding/json"
	"fmt"
	"maps"
	"time"
)

// unit is one of CloudWatch's.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html
type unit string

const (
	inCount   unit = "Count"
	inBytes   unit = "Bytes"
	inSeconds unit = "Seconds"
)

// value is a metric's number.
type value struct {
	name   Name
	unit   unit
	amount float64
}

// document is one line in CloudWatch's embedded metric format: JSON with the numbers, the values of their dimensions, and
// whatever else is worth to be found beside them in the log, at the root; and with _aws, which says what of it are metrics.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
type document struct {
	at         time.Time
	directives []directive
	dimensions map[string]string
	properties map[string]any
}

// directive asks for metrics under sets of dimensions, each set a metric of its own.
type directive struct {
	sets   [][]string
	values []value
}

// The JSON of a directive.
type (
	metricDirective struct {
		Namespace  string
		Dimensions [][]string
		Metrics    []metricDefinition
	}
	metricDefinition struct {
		Name Name
		Unit unit
	}
	metadata struct {
		Timestamp         int64 // in milliseconds since 1970
		CloudWatchMetrics []metricDirective
	}
)

// encode returns the document with the end of its line. It fails for a number that JSON does not have.
func (d document) encode() ([]byte, error) {
	root := map[string]any{}
	maps.Copy(root, d.properties)
	for name, dimension := range d.dimensions {
		root[name] = dimension
	}
	about := metadata{Timestamp: d.at.UnixMilli()}
	for _, each := range d.directives {
		asked := metricDirective{Namespace: Namespace, Dimensions: each.sets}
		for _, v := range each.values {
			asked.Metrics = append(asked.Metrics, metricDefinition{Name: v.name, Unit: v.unit})
			root[string(v.name)] = v.amount
		}
		about.CloudWatchMetrics = append(about.CloudWatchMetrics, asked)
	}
	root["_aws"] = about
	line, err := json.Marshal(root)
	if err != nil {
		return nil, fmt.Errorf("encode metrics: %w", err)
	}
	return append(line, '\n'), nil
}
