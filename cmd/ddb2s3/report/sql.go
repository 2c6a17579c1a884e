package report

import (
	"encoding/json"

	"dynamodb-to-s3/lambda/ddl"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/schema"
)

// longestStatement is how many bytes of a statement are shown. A table can have thousands of columns.
const longestStatement = 64 << 10

// The programs that the statements are for.
const athena, duckDB = "Athena, Hive or Spark", "DuckDB"

// statements returns the statements with which a person queries the run. If it returns no statement, why is the reason.
func (r *Run) statements() (all []statement, why string) {
	if !r.committed() {
		return nil, "The run is not committed, so there is nothing to query."
	}
	if c := r.Result.Catalog; c != nil && c.SQL != nil {
		if c.SQL.Object != "" {
			return nil, "The statements are long. They are in " + c.SQL.Object + "."
		}
		return []statement{{athena, c.SQL.DDL}, {duckDB, c.SQL.DuckDB}}, ""
	}
	content, location, why := r.content()
	if why != "" {
		return nil, why
	}
	t, err := ddl.Of(content)
	if err != nil {
		return nil, "There is no statement: " + err.Error() + "."
	}
	t.Name, t.Storage.Location = r.tableName(), "s3://"+r.Plan.Bucket+"/"+location
	for _, s := range []statement{{athena, t.Create()}, {duckDB, ddl.DuckDB(content, r.place.URI(location))}} {
		if len(s.Text) > longestStatement {
			return all, "A statement has more than 64 KiB, and is not shown."
		}
		all = append(all, s)
	}
	if c := r.Plan.Catalog; c != nil && c.Database != "" {
		why = "The table " + visible(c.Database+"."+c.Table) + " in Glue shows the newest run, and " + visible(c.History()) + " all runs. The statements are for readers without Glue."
	}
	return all, why
}

func (r *Run) tableName() string {
	if r.Plan.Catalog != nil {
		return r.Plan.Catalog.Table
	}
	return ddl.TableName(r.Plan.Table)
}

// content returns what the files of the run hold, and the key of their folder. why says why no table can show them.
func (r *Run) content() (content ddl.Content, location, why string) {
	location = r.Plan.Final().DataPrefix()
	switch scan := r.Plan.Scan; {
	case r.Plan.Parquet != nil:
		content = ddl.Content{Format: request.FormatParquet, Compression: r.Plan.Parquet.Compression}
	case scan != nil && scan.Encoder != nil:
		return content, "", "The columns of the encoder " + visible(scan.Encoder.Name) + " are not known."
	case scan != nil:
		content = ddl.Content{Format: scan.Format, Compression: scan.Compression}
	default:
		return r.exportContent()
	}
	if r.schema != nil {
		content.Schema, content.Rest = new(schema.Schema), r.schema.Rest
		if err := json.Unmarshal(r.schema.Decided(), content.Schema); err != nil {
			return content, "", "The schema of the run cannot be read."
		}
	}
	return content, location, ""
}

// exportContent is content for a run of native exports: of its full export.
func (r *Run) exportContent() (content ddl.Content, location, why string) {
	content = ddl.Content{Format: r.Plan.Export.Request.Format, Compression: request.CompressionGZIP}
	for _, window := range r.Result.Exports {
		if folder, ok := fullExportFolder(r.Plan, window); ok {
			return content, folder, ""
		}
	}
	return content, "", "The run has incremental exports only. Query the changes with the verb query, or with the tables of a catalog."
}
