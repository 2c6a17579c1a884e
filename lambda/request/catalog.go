package request

import (
	"encoding/json"

	"dynamodb-to-s3/lambda/document"
	"dynamodb-to-s3/lambda/lazyregexp"
)

// Catalog says in which tables of the catalog a run is.
type Catalog struct {
	// The name of the table of the newest run. Those of the history and of the changes are <table>_history and <table>_changes. If the environment
	// has no catalog, the result has the statements that create the tables. Default: the name of the DynamoDB table in lower case, with _ for
	// other characters than a-z, 0-9 and _.
	Table string `json:"table,omitempty"`

	off bool
}

// TurnOff makes the run one that no catalog shows: the value false of the field.
func (c *Catalog) TurnOff() { c.off = true }

// Off says that the field is false.
func (c *Catalog) Off() bool { return c != nil && c.off }

// MarshalJSON returns what a request gives: false, or an object.
func (c *Catalog) MarshalJSON() ([]byte, error) {
	if c.Off() {
		return []byte("false"), nil
	}
	type fields Catalog
	return json.Marshal((*fields)(c)) //nolint:wrapcheck // two strings
}

// tableOfCatalog leaves room for _history_ and a number within the 255 characters that Glue allows.
var tableOfCatalog = lazyregexp.New(`^[a-z_][a-z0-9_]{0,229}$`)

// checkCatalog refuses a catalog for a run that no table can show.
func (r Request) checkCatalog(found *document.Report) {
	if r.Catalog == nil || r.Catalog.off || !found.Understood("catalog") {
		return
	}
	switch {
	case found.Given("encoder"):
		found.AddGiven("catalog", "given together with encoder, whose records have no known columns: leave it out")
	case r.Scan != nil && r.Scan.Segment != nil:
		found.AddGiven("catalog", "given together with scan.Segment: a table would show a part of the data only. Leave it out")
	case r.Export != nil && r.Export.Format == FormatION:
		found.AddGiven("catalog", "given for a native export in ION, whose columns are not known: use export.format DYNAMODB_JSON, or format PARQUET")
	}
}

// WholeTable reports whether the run copies every item of the table as it is.
func (r Request) WholeTable() bool {
	s := r.Scan
	return r.Transform == "" && r.Encoder == "" && (r.Export == nil || r.Export.Filter == nil) && (s == nil || s.IndexName == "" && s.FilterExpression == "" && s.ProjectionExpression == "" &&
		len(s.AttributesToGet) == 0 && len(s.ScanFilter) == 0 && s.Segment == nil)
}
