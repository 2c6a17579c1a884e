package metric

import (
	"encoding/json"
	"fmt"
	"maps"
	"time"
)

// unit is a unit of CloudWatch.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html
type unit string

const (
	inCount   unit = "Count"
	inBytes   unit = "Bytes"
	inSeconds unit = "Seconds"
)

// value is the value of a metric.
type value struct {
	name   Name
	unit   unit
	amount float64
}

// document is one line in CloudWatch's embedded metric format. The JSON's root has the values, their dimensions, and properties for
// people who read the log. Its member _aws says which values are metrics.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
type document struct {
	at         time.Time
	directives []directive
	dimensions map[string]string
	properties map[string]any
}

// directive asks for metrics with sets of dimensions. Each set makes a metric of its own.
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

// encode returns the document as a line. It fails for a number that JSON cannot write.
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
