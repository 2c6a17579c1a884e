package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"dynamodb-to-s3/lambda/ddbjson"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/schema"
	"dynamodb-to-s3/local/checkout"
	"dynamodb-to-s3/local/duckdb"
	"dynamodb-to-s3/local/progress"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// How much is shown of a schema.
const (
	mostShownColumns = 40
	mostShownType    = 70 // letters
	mostShownChanges = 10
	mostSums         = 2
)

// checkDuckDB returns an error before a run if the run needs DuckDB and it is not installed.
func (v *runVerb) checkDuckDB() error {
	asked := v.verify || !v.aws && endpointVariable(envS3Endpoint) == ""
	if v.request.Format != request.FormatParquet || !asked {
		return nil
	}
	repository, err := checkout.Find()
	if err == nil {
		_, err = repository.DuckDB()
	}
	if err != nil {
		return fmt.Errorf("DuckDB reads the Parquet files of this run: %w", err)
	}
	return nil
}

// showParquet shows the schema that a run has learned, and, if its files are on this computer, the answer to a query over them. It does
// nothing for other runs.
func (s *services) showParquet(ctx context.Context, objects *s3.Client, result run.Result, stderr io.Writer) error {
	if result.Schema == nil {
		return nil
	}
	decided, items, err := readSchema(ctx, objects, result)
	if err != nil {
		return fmt.Errorf("read the schema: %w", err)
	}
	if _, err := io.WriteString(stderr, describeSchema(decided, *result.Schema, learnedFrom(result, items), s.location(result.Schema.Object))); err != nil || s.s3Folder == "" || result.Objects == 0 {
		return err
	}
	db, err := duckdb.Open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	query := queryOf(decided, *result.Schema, duckdb.Text(s.location("s3://"+result.Bucket+"/"+result.Root+"/data")+"/*.parquet"))
	_, _ = fmt.Fprintf(stderr, "asking DuckDB: %s\n", query)
	_, rows, err := db.All(ctx, query)
	if err != nil { // a sum can have more digits than a column
		_, err = fmt.Fprintf(stderr, "%v\n", err)
		return err
	}
	_, err = fmt.Fprintf(stderr, "answer: %s\n", strings.Join(rows[0], ", "))
	return err
}

// readSchema returns the columns of a run, and from how many items they were learned.
func readSchema(ctx context.Context, objects *s3.Client, result run.Result) (decided schema.Schema, items int64, err error) {
	bucket, key, ok := strings.Cut(strings.TrimPrefix(result.Schema.Object, "s3://"), "/")
	if !ok {
		return decided, 0, errors.New(result.Schema.Object + " is not the URI of an object")
	}
	answer, err := objects.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return decided, 0, err
	}
	defer func() { _ = answer.Body.Close() }() // an error shows in the read
	var object run.Schema
	if err := json.NewDecoder(answer.Body).Decode(&object); err != nil {
		return decided, 0, err
	}
	return decided, object.Items, json.Unmarshal(object.Columns, &decided.Columns)
}

// learnedFrom says from what a schema was learned. A transform makes records of items.
func learnedFrom(result run.Result, count int64) string {
	if result.Records != result.Items {
		return progress.Plural(count, "record")
	}
	return progress.Plural(count, "item")
}

// describeSchema shows a schema: one line for each column, and for each attribute that is only in _rest.
func describeSchema(decided schema.Schema, learned run.LearnedSchema, from, object string) string {
	var lines []string
	line := func(column, typ, attribute string, rest int64) {
		count := ""
		if rest > 0 {
			count = progress.Count(rest)
		}
		lines = append(lines, fmt.Sprintf("  %s\t%s\t%s\t%s\n", column, shorten(typ), count, shorten(attribute)))
	}
	left := maps.Clone(learned.Rest)
	for _, c := range decided.Columns {
		line(c.Name, c.String(), c.Attribute, left[c.Attribute])
		delete(left, c.Attribute)
	}
	for _, attribute := range slices.Sorted(maps.Keys(left)) { // "" comes first
		line(schema.RestColumn, "string", cmp.Or(attribute, "other attributes"), left[attribute])
	}
	var text strings.Builder
	fmt.Fprintf(&text, "schema, learned from all %s: %s\n", from, object)
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	shown := lines[:min(len(lines), mostShownColumns)]
	_, _ = io.WriteString(table, "  COLUMN\tTYPE\tITEMS IN _rest\tATTRIBUTE\n"+strings.Join(shown, "")) // a Builder never fails
	_ = table.Flush()
	if more := len(lines) - len(shown); more > 0 {
		fmt.Fprintf(&text, "  and %s\n", progress.Plural(int64(more), "more line"))
	}
	text.WriteString(describeChanges(learned))
	return text.String()
}

// describeChanges says how a schema differs from the last one of the table.
func describeChanges(learned run.LearnedSchema) string {
	var drift schema.Drift
	if learned.Last == "" || learned.Drift == nil || json.Unmarshal(learned.Drift, &drift) != nil || len(drift.Changes) == 0 {
		return ""
	}
	var text strings.Builder
	fmt.Fprintf(&text, "changes since the run %s: %s\n", learned.Last, progress.Count(int64(len(drift.Changes)+drift.More)))
	for _, c := range drift.Changes[:min(len(drift.Changes), mostShownChanges)] {
		types := cmp.Or(c.To, c.From)
		if c.From != "" && c.To != "" {
			types = c.From + " -> " + c.To
		}
		fmt.Fprintf(&text, "  %s %s: %s\n", c.Kind, c.Column, shorten(types))
	}
	return text.String()
}

// shorten cuts a text that is too long for a line. It keeps no line breaks.
func shorten(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, text)
	if utf8.RuneCountInString(text) <= mostShownType {
		return text
	}
	return string([]rune(text)[:mostShownType-1]) + "…"
}

// queryOf returns a query that counts the rows of a table and adds up some of their numbers. It leaves out attributes that are in _rest too.
func queryOf(decided schema.Schema, learned run.LearnedSchema, table string) string {
	var own, inLists []string
	for _, c := range decided.Columns {
		if learned.Rest[c.Attribute] == 0 {
			own = append(own, sumsIn(c.Type, duckdb.Name(c.Name))...)
			inLists = append(inLists, sumsInList(c.Type, duckdb.Name(c.Name))...)
		}
	}
	all := slices.Concat(own, inLists)
	return strings.Join(append([]string{"select count(*)"}, all[:min(len(all), mostSums)]...), ", ") + " from " + table
}

// sumsIn returns the sums of a number, or of the numbers in a struct.
func sumsIn(of schema.Type, name string) (sums []string) {
	if of.Kind == ddbjson.KindN {
		return []string{"sum(" + name + ")"}
	}
	for _, field := range of.Fields {
		sums = append(sums, sumsIn(field.Type, name+"."+duckdb.Name(field.Name))...)
	}
	return sums
}

// sumsInList returns the sums of the numbers in a list, or in its structs.
func sumsInList(of schema.Type, name string) (sums []string) {
	switch {
	case of.Name != schema.Array:
	case of.Element.Kind == ddbjson.KindN:
		return []string{"sum(list_sum(" + name + "))"}
	default:
		for _, field := range of.Element.Fields {
			if field.Kind == ddbjson.KindN {
				sums = append(sums, "sum(list_sum([x."+duckdb.Name(field.Name)+" for x in "+name+"]))")
			}
		}
	}
	return sums
}
