package environment

import (
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/document"
	"dynamodb-to-s3/lambda/lazyregexp"
	"dynamodb-to-s3/lambda/problem"
)

// databasePattern is what both Glue and Athena take.
// https://docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names.html
var databasePattern = lazyregexp.New(`^[a-z0-9_]{1,255}$`)

func (c checker) checkCatalog() {
	if c.e.Catalog != nil {
		c.required("catalog.database", c.e.Catalog.Database, "give the Glue database that gets the tables")
		c.match("catalog.database", c.e.Catalog.Database, databasePattern, "1 to 255 of a-z 0-9 _, which is what Athena takes")
	}
	const several = "would give several DynamoDB tables the same table in the catalog: write it in a request, or in the input of a schedule of one table"
	if c.Given("defaults.catalog.table") {
		c.AddGiven("defaults.catalog.table", several)
	}
	for i, s := range c.e.Schedules {
		schedule := document.Element("schedules", i)
		if own := schedule + ".input.catalog.table"; c.Given(own) && c.Understood(schedule+".tables") && len(s.expanded(c.e.Tables)) > 1 {
			c.AddGiven(own, several)
		}
	}
}

// mostKept is more than a number that anybody means: a run each minute for 19 years, or the days of 27,000 years.
const mostKept = 10_000_000

func (c checker) checkRetention() {
	r := c.e.Retention
	if r == nil {
		return
	}
	if !c.Given("retention.keepRuns") && !c.Given("retention.keepDays") {
		c.Add("retention", "", "missing: give keepRuns or keepDays, or both: a run stays that either keeps")
	}
	c.within("retention.keepRuns", r.KeepRuns, 1, mostKept)
	c.within("retention.keepDays", r.KeepDays, 1, mostKept)
	if c.Given("retention.tables") && c.Understood("retention.tables") && len(r.Tables) == 0 {
		c.Add("retention.tables", "", "is empty: name at least one table, or leave it out for all")
	}
	for i, table := range r.Tables {
		path := document.Element("retention.tables", i)
		switch {
		case !isTable(table):
			c.Add(path, problem.Quote(table), "a table's name, 3 to 255 of a-z A-Z 0-9 _ . -, or a pattern of names with * in it; not an ARN")
		case c.Understood("tables") && !c.hasTable(table):
			c.Add(path, "", "is not in tables (%s)", shown(c.e.Tables))
		}
	}
	c.once("retention.tables", r.Tables)
}

// hasTable says that the environment's tables can have one that a name or a pattern fits. Two patterns may always have one in common.
func (c checker) hasTable(name string) bool {
	return slices.ContainsFunc(c.e.Tables, func(table string) bool {
		own := tableOf(table)
		return strings.Contains(own, "*") && strings.Contains(name, "*") || fits(own, name) || fits(name, own)
	})
}
