package plan

import (
	"cmp"
	"strings"

	"dynamodb-to-s3/lambda/ddl"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
)

// catalog returns the tables that show the run, or nil. A run that is not of the whole table is shown only if its request names a
// table. Otherwise it would take the place of the whole table. Without a database, the run makes statements, unless it would have to learn its columns for
// them.
func (s *Step) catalog(req request.Request, table string) *run.CatalogPlan {
	named := cmp.Or(req.Catalog, &request.Catalog{}).Table
	if req.Catalog.Off() || named == "" && (!req.WholeTable() || s.Database == "" && learns(req)) {
		return nil
	}
	return &run.CatalogPlan{Database: s.Database, Table: cmp.Or(named, ddl.TableName(table))}
}

// learns reports whether the columns of the run are known only if it learns them.
func learns(req request.Request) bool {
	return req.Mode == request.ModeScan && req.Format != request.FormatParquet && req.Format != request.FormatDynamoDBJSON
}

// retention returns which runs stay after this one; nil if all do.
func (s *Step) retention(req request.Request, table string) *run.Retention {
	rule := s.Retention.Of(table)
	if rule == nil {
		return nil
	}
	own := *rule
	own.Prefix = strings.TrimSuffix(req.Prefix, "/")
	return &own
}
