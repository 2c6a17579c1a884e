package lake

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"dynamodb-to-s3/local/duckdb"
)

// union returns the query for the rows of several queries, by the names of their columns. It returns an error if DuckDB would round numbers: of two
// decimals that need more than 38 digits together, DuckDB takes the digits after the point of the first one.
func union(ctx context.Context, db *duckdb.DB, queries []string) (string, error) {
	all := strings.Join(queries, " union all by name ")
	if len(queries) < 2 {
		return all, nil
	}
	columns, err := columnsOf(ctx, db, all)
	if err != nil {
		return "", err
	}
	types := map[string]string{}
	for _, c := range columns {
		types[strings.ToLower(c.Name)] = c.Type
	}
	for _, query := range queries {
		columns, err := columnsOf(ctx, db, query)
		if err != nil {
			return "", err
		}
		for _, c := range columns {
			if to := types[strings.ToLower(c.Name)]; rounds(c.Type, to) {
				return "", fmt.Errorf("DuckDB would round the column %q of a run from %s to %s, because no type holds the numbers of all runs: query the files of one run",
					c.Name, c.Type, to)
			}
		}
	}
	return all, nil
}

func columnsOf(ctx context.Context, db *duckdb.DB, query string) ([]duckdb.Column, error) {
	return db.Query(ctx, "select * from ("+query+") limit 0", func(duckdb.Row) error { return nil })
}

var decimal = regexp.MustCompile(`DECIMAL\([0-9]+,([0-9]+)\)`)

// rounds reports whether a type has fewer digits after the point than another one. If the types differ in more than the digits of their decimals,
// it compares those with the most.
func rounds(from, to string) bool {
	before, after := scales(from), scales(to)
	if len(after) == 0 {
		return false // text, for example
	}
	if decimal.ReplaceAllString(from, "") != decimal.ReplaceAllString(to, "") {
		before, after = []int{most(before)}, []int{most(after)}
	}
	for i, scale := range before {
		if scale > after[i] {
			return true
		}
	}
	return false
}

// scales returns the digits after the point of all decimals in a type.
func scales(of string) (scales []int) {
	for _, found := range decimal.FindAllStringSubmatch(of, -1) {
		scale, _ := strconv.Atoi(found[1]) // it has only digits
		scales = append(scales, scale)
	}
	return scales
}

func most(scales []int) (most int) {
	for _, scale := range scales {
		most = max(most, scale)
	}
	return most
}
