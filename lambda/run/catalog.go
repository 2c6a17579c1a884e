package run

import "time"

// CatalogPlan says in which tables of the catalog a run is.
type CatalogPlan struct {
	// Database is the Glue database; "" if the deployment has none, so that the run makes the statements only.
	Database string `json:"database,omitempty"`
	// Table is the table of the newest run. The others are History and Changes.
	Table string `json:"table"`
	// LastSchema is the key of the schema of the last committed run of the same table and prefix, with which a scan in JSON or ION compares its own;
	// "" for other runs.
	LastSchema string `json:"lastSchema,omitempty"`
}

// History is the table of all runs.
func (c CatalogPlan) History() string { return c.Table + "_history" }

// Changes is the table of incremental exports.
func (c CatalogPlan) Changes() string { return c.Table + "_changes" }

// Parameters of a table that a run has made. Of a table without ParameterSource, somebody else is the owner.
const (
	// ParameterSource is the ARN of the DynamoDB table.
	ParameterSource = "ddb2s3.source"
	// ParameterRun is the run that <table> shows, and ParameterAsOf the moment of its data.
	ParameterRun  = "ddb2s3.run"
	ParameterAsOf = "ddb2s3.as_of"
)

// PartitionTime returns a moment as the value of a partition key, in UTC: 2026-11-27 05:00:00.000. Texts of this form sort like their moments.
func PartitionTime(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05.000") }

// CatalogInput is the payload of the function catalog: a committed run.
type CatalogInput struct {
	Plan   Plan   `json:"plan"`
	Result Result `json:"result"`
}

// Cataloged is the answer of the function catalog: what shows the run.
type Cataloged struct {
	Database string         `json:"database,omitempty"`
	Tables   []CatalogTable `json:"tables"`
	// Schema is what a scan in JSON or ION has learned; absent for other runs.
	Schema *LearnedSchema `json:"schema,omitempty"`
	// SQL are the statements that create the tables without Glue, and read them; absent if the tables are in Glue.
	SQL *SQL `json:"sql,omitempty"`
	// Reason is why no table shows the run.
	Reason string `json:"reason,omitempty"`
}

// CatalogTable is a table, and what became of it.
type CatalogTable struct {
	Name     string `json:"name"`
	Location string `json:"location"`
	// Partition has the values of the partition's keys; absent for a table without partitions.
	Partition []string `json:"partition,omitempty"`
	// Changed says that this run changed the table. It is false if the table already showed the run, or a newer one.
	Changed bool `json:"changed"`
	// Reason is why nothing was changed, or why the table is a new version.
	Reason string `json:"reason,omitempty"`
}

// SQL are statements for a person to paste.
type SQL struct {
	// DDL creates the table in Athena, Hive or Spark.
	DDL string `json:"ddl,omitempty"`
	// DuckDB reads the run's objects.
	DuckDB string `json:"duckdb,omitempty"`
	// Object is the S3 URI of a text with both, if they are too long for a result. The other members are then absent.
	Object string `json:"object,omitempty"`
}
