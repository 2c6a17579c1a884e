package catalog

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/ddl"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/fault"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// history gives <table>_history a partition for the run.
func (c cataloger) history(ctx context.Context, d data) (run.CatalogTable, error) {
	p := partition{keys: []string{ddl.RunTime, ddl.RunID}, values: []string{run.PartitionTime(d.asOf), c.plan.RunID}, parameters: map[string]string{
		run.ParameterRun: c.plan.RunID, run.ParameterAsOf: moment(d.asOf),
	}}
	return c.partition(ctx, c.plan.Catalog.History(), d, p)
}

// changes gives <table>_changes a partition for the window of an incremental export. A later export of the same window replaces it.
func (c cataloger) changes(ctx context.Context, d data) ([]run.CatalogTable, error) {
	if err := c.writeSymlinks(ctx, d); err != nil {
		return nil, err
	}
	w := d.window
	p := partition{keys: []string{ddl.WindowFrom, ddl.WindowTo}, values: []string{run.PartitionTime(*w.From), run.PartitionTime(*w.To)}, parameters: map[string]string{
		run.ParameterRun: c.plan.RunID, run.ParameterAsOf: moment(d.asOf), parameterExport: w.ExportARN, parameterExported: moment(w.StartTime),
	}}
	shown, err := c.partition(ctx, c.plan.Catalog.Changes(), d, p)
	return []run.CatalogTable{shown}, err
}

// partition is a partition of one of the tables.
type partition struct {
	keys, values []string
	parameters   map[string]string
}

// mostVersions is how many versions a table with partitions can have.
const mostVersions = 100

// partition gives a table a partition for the data. If the columns of the data and of the table cannot be merged, the table's next version gets it.
func (c cataloger) partition(ctx context.Context, base string, d data, p partition) (run.CatalogTable, error) {
	why := ""
	for version := 1; version <= mostVersions; version++ {
		name := base
		if version > 1 {
			name = fmt.Sprintf("%s_%d", base, version)
		}
		columns, differs, err := c.columns(ctx, name, d, p.keys)
		if err != nil {
			return run.CatalogTable{}, err
		}
		if differs != "" {
			why = fmt.Sprintf("%s cannot have this run: %s", name, differs)
			continue
		}
		storage := d.table.PartitionStorage(columns)
		storage.Location = d.location
		shown := run.CatalogTable{Name: name, Location: d.location, Partition: p.values, Reason: why}
		changed, reason, err := c.tables.putPartition(ctx, name, &types.PartitionInput{
			Values: p.values, Parameters: p.parameters, StorageDescriptor: descriptorOf(storage, ddl.Align(columns, d.table.Columns)),
		})
		shown.Changed = changed
		if reason != "" {
			shown.Reason = reason
		}
		return shown, err
	}
	return run.CatalogTable{}, failure.Errorf(failure.CatalogFailed, "the table %q has %d versions already, and none can have the run: %s. Remove versions that nobody reads, and redrive the execution",
		base, mostVersions, why)
}

// folder returns the URI of the folder of all runs of the prefix.
func (c cataloger) folder() string { return c.bucket.URI(run.Runs(c.plan.Prefix())) }

// mostDifferences is how many bytes a reason has about columns that differ.
const mostDifferences = 500

// columns makes sure that a table has the columns of the data, and returns all that it then has. differs says why it cannot have them.
func (c cataloger) columns(ctx context.Context, name string, d data, keys []string) (all []ddl.Column, differs string, err error) {
	_, err = c.tables.settle(ctx, name, func(current *types.Table) *types.TableInput {
		differs = ""
		want := d.table
		want.Name, want.Parameters = name, c.parameters(d)
		if current == nil {
			all = want.Columns
			want.Partitions = ddl.PartitionKeys(all, keys...)
			want.Storage.Location = c.folder() // each partition has its own
			return inputOf(want)
		}
		if format := current.Parameters[parameterFormat]; format != string(d.content.Format) {
			differs = fmt.Sprintf("its files are %.50s, and those of the run are %s", format, d.content.Format)
			return nil
		}
		merged, changes, ok := ddl.Merge(d.content.Format, columnsFrom(current.StorageDescriptor.Columns), want.Columns)
		if !ok {
			differs = fmt.Sprintf("the types differ: %.*s", mostDifferences, strings.Join(changes, ", "))
			return nil
		}
		if name := keyAmong(merged, current.PartitionKeys); name != "" {
			differs = fmt.Sprintf("the column %s has the name of a partition key", name)
			return nil
		}
		if all = merged; len(changes) == 0 {
			return nil
		}
		want.Columns, want.Partitions, want.Parameters = merged, columnsFrom(current.PartitionKeys), current.Parameters
		want.Storage.Location = aws.ToString(current.StorageDescriptor.Location)
		return inputOf(want)
	})
	return all, differs, err
}

// keyAmong returns the name of a column that a partition key has too.
func keyAmong(columns []ddl.Column, keys []types.Column) string {
	for _, key := range keys {
		if slices.ContainsFunc(columns, func(column ddl.Column) bool { return column.Name == aws.ToString(key.Name) }) {
			return *key.Name
		}
	}
	return ""
}

// putPartition creates a partition, or replaces the one with the same values. reason says why the one that is there stays.
func (t tables) putPartition(ctx context.Context, table string, want *types.PartitionInput) (changed bool, reason string, err error) {
	err = ledger.Settle(t.named(table), func() error {
		_, err := t.client.CreatePartition(ctx, &glue.CreatePartitionInput{DatabaseName: &t.database, TableName: &table, PartitionInput: want})
		if fault.Code(err) != alreadyExists {
			changed = err == nil
			return t.failed(err, "glue:CreatePartition", table)
		}
		answer, err := t.client.GetPartition(ctx, &glue.GetPartitionInput{DatabaseName: &t.database, TableName: &table, PartitionValues: want.Values})
		switch {
		case fault.NotInGlue(err): // removed meanwhile
			return bucket.ErrChanged
		case err != nil:
			return t.failed(err, "glue:GetPartition", table)
		case answer.Partition == nil:
			return failure.Errorf(failure.MalformedAnswer, "glue:GetPartition on table %q of the database %q: the answer lacks the partition", table, t.database)
		}
		there := answer.Partition
		if later := there.Parameters[parameterExported]; later > want.Parameters[parameterExported] {
			changed, reason = false, fmt.Sprintf("it shows the export %.200s of the same window, which was started later", there.Parameters[parameterExport])
			return nil
		}
		if reads(there.StorageDescriptor, want.StorageDescriptor) {
			return nil
		}
		_, err = t.client.UpdatePartition(ctx, &glue.UpdatePartitionInput{
			DatabaseName: &t.database, TableName: &table, PartitionValueList: want.Values, PartitionInput: want,
		})
		if err != nil && !fault.NotInGlue(err) {
			return t.failed(err, "glue:UpdatePartition", table)
		}
		changed = true // and read again: the call has no condition, and another run may have written at the same time
		return bucket.ErrChanged
	})
	return changed, reason, err
}
