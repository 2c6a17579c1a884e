package catalog

import (
	"context"
	"fmt"
	"strings"

	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// newest lets <table> show the data, unless it shows newer data.
func (c cataloger) newest(ctx context.Context, d data) (run.CatalogTable, error) {
	shown := run.CatalogTable{Name: c.plan.Catalog.Table, Location: d.location}
	want := d.table
	want.Name, want.Storage.Location = shown.Name, d.location
	want.Parameters = c.parameters(d, run.ParameterRun, c.plan.RunID, run.ParameterAsOf, moment(d.asOf))
	newer := ""
	changed, err := c.tables.settle(ctx, shown.Name, func(current *types.Table) *types.TableInput {
		newer = ""
		if current == nil {
			return inputOf(want)
		}
		there, own := ageOf(current.Parameters), ageOf(want.Parameters)
		if there > own {
			newer = fmt.Sprintf("it shows the run %.100s of %.40s, which is newer", current.Parameters[run.ParameterRun], current.Parameters[run.ParameterAsOf])
		}
		if there >= own {
			return nil
		}
		return inputOf(want)
	})
	if newer != "" {
		shown.Reason = newer
		return shown, err
	}
	shown.Changed, shown.Reason = changed, d.caution()
	return shown, err
}

// ageOf returns a text whose order is that of the age of runs: by the moment of their data, and then by their names.
func ageOf(parameters map[string]string) string {
	return parameters[run.ParameterAsOf] + " " + parameters[run.ParameterRun]
}

// shownNames is how many names of attributes a reason shows.
const shownNames = 10

// caution says what a reader of the table does not expect, "" if there is nothing.
func (d data) caution() string {
	var words []string
	if d.foreign != nil {
		words = append(words, fmt.Sprintf("the folder has %d objects of other programs, which queries also read unless their names begin with _ or a dot", d.foreign.Count))
	}
	if left := d.table.Left; len(left) > 0 {
		words = append(words, fmt.Sprintf("%d attributes have no column: %.1000q", len(left), left[:min(len(left), shownNames)]))
	}
	return strings.Join(words, "; ")
}
