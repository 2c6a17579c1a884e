package catalog

import (
	"maps"
	"slices"
	"time"

	"dynamodb-to-s3/lambda/ddl"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// The parameters of the tables and partitions.
const (
	// parameterFormat has the format of the files.
	parameterFormat = "ddb2s3.format"
	// parameterExport and parameterExported have the ARN of an incremental export, and when it was started.
	parameterExport   = "ddb2s3.export"
	parameterExported = "ddb2s3.exported"
)

// moment returns a time as the parameters have it. Its order as text is that of the times.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000000Z") }

// parameters returns those of a table of the run, with further ones: names and values in turn.
func (c cataloger) parameters(d data, more ...string) map[string]string {
	all := maps.Clone(d.table.Parameters)
	all[run.ParameterSource], all[parameterFormat] = c.plan.TableARN, string(d.content.Format)
	for i := 0; i < len(more); i += 2 {
		all[more[i]] = more[i+1]
	}
	return all
}

// inputOf returns a table for Glue.
func inputOf(t ddl.Table) *types.TableInput {
	return &types.TableInput{
		Name: &t.Name, TableType: aws.String("EXTERNAL_TABLE"), Parameters: t.Parameters,
		PartitionKeys: columnsTo(t.Partitions), StorageDescriptor: descriptorOf(t.Storage, t.Columns),
	}
}

func descriptorOf(s ddl.Storage, columns []ddl.Column) *types.StorageDescriptor {
	return &types.StorageDescriptor{
		Columns: columnsTo(columns), Location: &s.Location, InputFormat: &s.InputFormat, OutputFormat: &s.OutputFormat, Compressed: s.Compressed,
		SerdeInfo: &types.SerDeInfo{SerializationLibrary: &s.SerDe, Parameters: s.SerDeParameters},
	}
}

// columnsTo returns columns for Glue. Athena asks for a list of partition keys even if a table has none.
func columnsTo(columns []ddl.Column) []types.Column {
	all := make([]types.Column, 0, len(columns))
	for _, column := range columns {
		one := types.Column{Name: aws.String(column.Name), Type: aws.String(column.Type)}
		if column.Comment != "" {
			one.Comment = aws.String(column.Comment)
		}
		all = append(all, one)
	}
	return all
}

func columnsFrom(columns []types.Column) []ddl.Column {
	var all []ddl.Column
	for _, column := range columns {
		all = append(all, ddl.Column{Name: aws.ToString(column.Name), Type: aws.ToString(column.Type), Comment: aws.ToString(column.Comment)})
	}
	return all
}

// reads reports whether two descriptors read the same files in the same way.
func reads(a, b *types.StorageDescriptor) bool {
	if a == nil || b == nil || a.SerdeInfo == nil || b.SerdeInfo == nil {
		return false
	}
	return aws.ToString(a.Location) == aws.ToString(b.Location) && aws.ToString(a.InputFormat) == aws.ToString(b.InputFormat) &&
		aws.ToString(a.SerdeInfo.SerializationLibrary) == aws.ToString(b.SerdeInfo.SerializationLibrary) &&
		maps.Equal(a.SerdeInfo.Parameters, b.SerdeInfo.Parameters) && slices.Equal(columnsFrom(a.Columns), columnsFrom(b.Columns))
}
