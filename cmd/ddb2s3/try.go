package main

import (
	"context"
	"os"
	"strings"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/duckdb"
	"dynamodb-to-s3/local/lake"
)

// tryQuery says how to query what a run has written. It is "" if there is nothing that DuckDB can query.
func (s *services) tryQuery(ctx context.Context, plan run.Plan, result run.Result) string {
	sql := s.exampleQuery(ctx, plan, result)
	if sql == "" {
		return ""
	}
	var words []string
	for _, name := range []string{envEndpoint, envS3Endpoint} {
		if value := os.Getenv(name); value != "" {
			words = append(words, name+"="+quote(value))
		}
	}
	words = append(words, programName(os.Args[0]), "query")
	if s.s3Folder == "" {
		words = append(words, "--from", quote(strings.TrimSuffix("s3://"+plan.Bucket+"/"+plan.Prefix(), "/")))
	}
	return "query it with DuckDB:\n  " + strings.Join(append(words, quoteSQL(sql)), " ") + "\n"
}

// exampleQuery returns a query that fits the table and the format of a run.
func (s *services) exampleQuery(ctx context.Context, plan run.Plan, result run.Result) string {
	name, ok := lake.NameOf(plan)
	switch {
	case !ok || result.Objects == 0:
		return ""
	case result.Schema != nil:
		decided, _, err := readSchema(ctx, awsclient.NewClients(s.source, s.destination, s.identity).Objects(plan), result)
		if err != nil { // the run is committed without the query
			return ""
		}
		return queryOf(decided, *result.Schema, name)
	case plan.Export != nil && plan.Export.Request.Format == request.FormatION || plan.Scan != nil && plan.Scan.Format == request.FormatION:
		return ""
	case plan.Export != nil && len(result.Exports) > 0 && result.Exports[len(result.Exports)-1].ExportType == request.ExportIncremental:
		return "select window_from, window_to, count(*), count(newimage) from " + name + "_changes group by all"
	case plan.Scan == nil || len(plan.Scan.KeyNames) == 0 || plan.Scan.Request.ProjectionExpression != "" || len(plan.Scan.Request.AttributesToGet) > 0:
		return "select count(*) from " + name
	}
	var keys []string
	for _, key := range plan.Scan.KeyNames {
		if plan.Scan.Format == request.FormatJSON {
			keys = append(keys, duckdb.Name(key))
		} else {
			keys = append(keys, "item["+duckdb.Text(key)+"]")
		}
	}
	return "select count(*), count(distinct (" + strings.Join(keys, ", ") + ")) from " + name
}

// quoteSQL returns a query as one word for a shell: in double quotes if nothing in it has a meaning there.
func quoteSQL(sql string) string {
	if strings.ContainsAny(sql, "\"$`\\!") {
		return quote(sql)
	}
	return `"` + sql + `"`
}
