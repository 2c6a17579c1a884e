package plan

import (
	"cmp"
	"strings"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
)

// catalog returns the tables that show the run; nil if there are none. A run that is not of the whole table is shown only if its request names a
// table. Otherwise it would take the place of the whole table.
func (s *Step) catalog(req request.Request, table string) *run.CatalogPlan {
	named := cmp.Or(req.Catalog, &request.Catalog{}).Table
	switch {
	case req.Catalog.Off(), named == "" && (s.Database == "" || !req.WholeTable()):
		return nil
	}
	return &run.CatalogPlan{Database: s.Database, Table: cmp.Or(named, tableName(table))}
}

// longestName leaves room for _history, and for the number of its version, within the 255 characters that Glue allows.
const longestName = 229

// tableName returns the name in the catalog of a DynamoDB table.
func tableName(table string) string {
	name := strings.Map(func(r rune) rune {
		if r == '-' || r == '.' {
			return '_'
		}
		return r
	}, strings.ToLower(table))
	if name = name[:min(len(name), longestName)]; name[0] >= '0' && name[0] <= '9' { // Athena wants such a name in quotes
		return "_" + name
	}
	return name
}
