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

// value is the value of a metric. The JSON of a directive has its name and unit only.
type value struct {
	Name   Name
	Unit   unit
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
	Namespace  string
	Dimensions [][]string
	Metrics    []value
}

// metadata is the member _aws.
type metadata struct {
	Timestamp         int64 // in milliseconds since 1970
	CloudWatchMetrics []directive
}

// by asks for values with sets of dimensions.
func by(values []value, sets ...[]string) directive { return directive{Namespace, sets, values} }

// encode returns the document as a line. It fails for a number that JSON cannot write.
func (d document) encode() ([]byte, error) {
	root := map[string]any{}
	maps.Copy(root, d.properties)
	for name, dimension := range d.dimensions {
		root[name] = dimension
	}
	for _, each := range d.directives {
		for _, v := range each.Metrics {
			root[string(v.Name)] = v.amount
		}
	}
	root["_aws"] = metadata{d.at.UnixMilli(), d.directives}
	line, err := json.Marshal(root)
	if err != nil {
		return nil, fmt.Errorf("encode metrics: %w", err)
	}
	return append(line, '\n'), nil
}
