package catalog

import (
	"context"
	"fmt"
	"strings"

	"dynamodb-to-s3/lambda/ddl"
	"dynamodb-to-s3/lambda/run"
)

// mostSQL is how many bytes of statements the result has, beside the other parts of quota.MaxResultBytes.
const mostSQL = 16 << 10

// statements returns the statements that create the tables without Glue, and that read the data in DuckDB. If they are long, they are in an object.
func (c cataloger) statements(ctx context.Context, all []data) (*run.SQL, error) {
	var create, duck []string
	var changes []string // the files of all windows
	for _, d := range all {
		t := d.table
		if d.window == nil {
			t.Name, t.Storage.Location = c.plan.Catalog.Table, d.location
			t.Parameters = c.parameters(d, run.ParameterRun, c.plan.RunID, run.ParameterAsOf, moment(d.asOf))
			create, duck = append(create, t.Create()), append(duck, ddl.DuckDB(d.content, d.location))
			continue
		}
		if err := c.writeSymlinks(ctx, d); err != nil {
			return nil, err
		}
		t.Name, t.Parameters = c.plan.Catalog.Changes(), c.parameters(d)
		t.Partitions = ddl.PartitionKeys(t.Columns, ddl.WindowFrom, ddl.WindowTo)
		t.Storage.Location = c.folder()
		if len(changes) == 0 {
			create = append(create, t.Create())
		}
		create = append(create, t.AddPartition([]string{run.PartitionTime(*d.window.From), run.PartitionTime(*d.window.To)}, d.location))
		changes = append(changes, d.files...)
	}
	if last := all[len(all)-1]; len(changes) > 0 {
		duck = append(duck, ddl.DuckDB(last.content, changes...))
	}
	sql := &run.SQL{DDL: strings.Join(create, ";\n"), DuckDB: strings.Join(duck, ";\n")}
	if len(run.Marshal(sql)) <= mostSQL {
		return sql, nil
	}
	key := c.plan.Final().Statements()
	text := fmt.Sprintf("-- Athena, Hive or Spark\n%s;\n-- DuckDB\n%s;\n", sql.DDL, sql.DuckDB)
	if _, err := c.bucket.Put(ctx, key, []byte(text)); err != nil {
		return nil, fmt.Errorf("write the statements: %w", err)
	}
	return &run.SQL{Object: c.bucket.URI(key)}, nil
}
