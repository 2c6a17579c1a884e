// Package docs_test makes the parts of the documentation that follow from the code, and holds them fresh:
// go test ./docs -update writes them anew.
package docs_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/request"

	"github.com/invopop/jsonschema"
)

var update = flag.Bool("update", false, "write the generated documentation anew")

// fresh holds a file to what it must be, or writes it.
func fresh(t *testing.T, file string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(file)
	if bytes.Equal(got, want) {
		return
	}
	if !*update {
		t.Fatalf("%s is not fresh (%v): run go test ./docs -update", file, err)
	}
	if err := os.WriteFile(file, want, 0o644); err != nil { //nolint:gosec // documentation is for everybody to read
		t.Fatal(err)
	}
}

// schema returns the JSON Schema of the request, from the tags of its Go types.
func schema() *jsonschema.Schema {
	reflector := jsonschema.Reflector{DoNotReference: true, ExpandedStruct: true, RequiredFromJSONSchemaTags: true, Anonymous: true}
	reflector.Mapper = func(t reflect.Type) *jsonschema.Schema {
		if t == reflect.TypeFor[request.AttributeValue]() {
			return &jsonschema.Schema{Type: "object", Description: `A value in DynamoDB JSON, such as {"N": "1.5"}.`}
		}
		return nil
	}
	s := reflector.Reflect(request.Request{})
	s.Title = "Request"
	s.Description = "The input of an execution."
	return s
}

func TestSchemaIsFresh(t *testing.T) {
	text, err := json.MarshalIndent(schema(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	fresh(t, "request.schema.json", append(text, '\n'))
}

func TestReferenceIsFresh(t *testing.T) {
	var page strings.Builder
	page.WriteString("# The request\n\nThe input of an execution, in the console, from a schedule, or as `--input` of a local run. " +
		"It is strict: an unknown field, a wrong type or a contradiction fails the execution with `InvalidRequest`, whose cause names " +
		"every problem at once. A field that is not given is taken from the deployment's defaults, then as below. " +
		"[`request.schema.json`](request.schema.json) is the same for programs. Both are generated from `lambda/request/request.go`.\n\n" +
		"```json\n{\"table\": \"orders\", \"bucket\": \"my-lake\", \"prefix\": \"dynamodb/{table}/{date}\"}\n" +
		"{\"table\": \"orders\", \"bucket\": \"my-lake\", \"prefix\": \"dynamodb/{table}\", \"export\": {\"from\": \"last\"}}\n```\n")
	table(&page, "Fields", schema())
	scan, _ := schema().Properties.Get("scan")
	export, _ := schema().Properties.Get("export")
	filter, _ := export.Properties.Get("filter")
	page.WriteString("\n`scan`, `segments`, `concurrency`, `readUnitsPerSecond`, `readPercent`, `fileSizeBytes`, `format`, `transform`, `encoder` and `compression` are of a SCAN, `export` of an EXPORT: a request that " +
		"mixes them is refused, with what to write instead. A deployment's defaults may have both; a request takes those of its mode. " +
		"`sourceRoleArn` and `destinationRoleArn` are of a SCAN too; an EXPORT refuses them even where they are defaults.\n")
	table(&page, "`scan`", scan)
	table(&page, "`export`", export)
	table(&page, "`export.filter`", filter)
	page.WriteString("\nValues of expressions are in DynamoDB JSON. The legacy `ScanFilter` has entries of `{\"ComparisonOperator\": …, " +
		"\"AttributeValueList\": […]}`.\n")
	fresh(t, "request.md", []byte(page.String()))
}

func table(page *strings.Builder, title string, s *jsonschema.Schema) {
	fmt.Fprintf(page, "\n## %s\n\n| field | type and bounds | meaning |\n|---|---|---|\n", title)
	for property := s.Properties.Oldest(); property != nil; property = property.Next() {
		fmt.Fprintf(page, "| `%s` | %s | %s |\n", property.Key, bounds(property.Value), markdown.Replace(property.Value.Description))
	}
}

// markdown escapes what a table's cell would take for something else.
var markdown = strings.NewReplacer("|", `\|`, "<", `\<`)

// bounds says what a field may hold.
func bounds(s *jsonschema.Schema) string {
	var parts []string
	switch {
	case len(s.Enum) > 0:
		for _, value := range s.Enum {
			parts = append(parts, fmt.Sprintf("`%v`", value))
		}
		parts = []string{strings.Join(parts, " ")}
	case s.Minimum != "":
		parts = append(parts, fmt.Sprintf("integer, %s to %s", s.Minimum, s.Maximum))
	case s.ExclusiveMinimum != "":
		parts = append(parts, "number, more than "+s.ExclusiveMinimum.String())
		if s.Maximum != "" {
			parts[0] += " and at most " + s.Maximum.String()
		}
	case s.MaxLength != nil:
		parts = append(parts, fmt.Sprintf("string, up to %d bytes", *s.MaxLength))
	case s.Format != "":
		parts = append(parts, "string, "+s.Format)
	default:
		parts = append(parts, s.Type)
	}
	if s.Default != nil {
		parts = append(parts, fmt.Sprintf("default `%v`", s.Default))
	}
	return strings.Join(parts, "; ")
}

// Every bound that the schema tells is one that Parse keeps: just inside is taken, just outside is refused.
func TestSchemaTellsTheBoundsThatAreKept(t *testing.T) {
	checked := 0
	var walk func(path []string, s *jsonschema.Schema)
	walk = func(path []string, s *jsonschema.Schema) {
		for property := s.Properties.Oldest(); property != nil; property = property.Next() {
			field := append(append([]string{}, path...), property.Key)
			p := property.Value
			if p.Properties != nil && p.Properties.Len() > 0 {
				walk(field, p)
				continue
			}
			if p.Minimum != "" {
				low, _ := p.Minimum.Int64()
				high, _ := p.Maximum.Int64()
				hold(t, field, low-1, false)
				hold(t, field, low, true)
				hold(t, field, high, true)
				hold(t, field, high+1, false)
				checked++
			}
			if p.ExclusiveMinimum != "" {
				low, _ := p.ExclusiveMinimum.Float64()
				hold(t, field, low, false)
				hold(t, field, low+0.001, true)
				if high, err := p.Maximum.Float64(); err == nil {
					hold(t, field, high, true)
					hold(t, field, high+0.001, false)
				}
				checked++
			}
			for _, value := range p.Enum {
				hold(t, field, value, true)
			}
			if len(p.Enum) > 0 {
				hold(t, field, "OTHER", false)
				checked++
			}
			if p.MaxLength != nil {
				hold(t, field, strings.Repeat("a", int(*p.MaxLength)+1), false) //nolint:gosec // a small length
				checked++
			}
		}
	}
	walk(nil, schema())
	if checked < 15 {
		t.Errorf("%d bounds were checked, the schema has more", checked)
	}
}

// company is what a field needs beside it to be taken.
var company = map[string]string{
	"scan.Segment":             `"scan": {"TotalSegments": 1000000}`,
	"scan.TotalSegments":       `"scan": {"Segment": 0}`,
	"scan.Select":              `"scan": {"IndexName": "by-day"}`,
	"scan.ConditionalOperator": `"scan": {"ScanFilter": {"a": {"ComparisonOperator": "NULL"}}}`,
	"export.viewType":          `"export": {"from": "last"}`,
	"schedule":                 `"scheduledTime": "2026-01-31T06:00:00Z"`,
}

func hold(t *testing.T, path []string, value any, taken bool) {
	t.Helper()
	name := strings.Join(path, ".")
	req := map[string]any{"table": "orders", "bucket": "my-bucket"}
	if beside := company[name]; beside != "" {
		if err := json.Unmarshal([]byte("{"+beside+"}"), &req); err != nil {
			t.Fatal(err)
		}
	}
	if value == "SPECIFIC_ATTRIBUTES" {
		req["scan"].(map[string]any)["ProjectionExpression"] = "a"
	}
	if value == "INCREMENTAL" {
		req["export"] = map[string]any{"from": "last"}
	}
	at := req
	for _, key := range path[:len(path)-1] {
		if at[key] == nil {
			at[key] = map[string]any{}
		}
		at, _ = at[key].(map[string]any)
	}
	at[path[len(path)-1]] = value
	body, err := json.Marshal(req)
	if err != nil {
		t.Fatal(err)
	}
	_, err = request.Parse(body, nil)
	if taken != (err == nil) {
		t.Errorf("%s = %.40v: taken %v, want %v: %v", name, value, err == nil, taken, err)
	}
	if !taken && err != nil && !strings.Contains(err.Error(), name+":") {
		t.Errorf("%s = %.40v: the cause does not name the field: %v", name, value, err)
	}
}

func TestEveryErrorIsExplained(t *testing.T) {
	page, err := os.ReadFile("errors.md")
	if err != nil {
		t.Fatal(err)
	}
	permanent, transient, _ := strings.Cut(string(page), "## Errors that are retried")
	for names, section := range map[*[]failure.Name]string{new(failure.Permanent()): permanent, new(failure.Transient()): transient} {
		for _, name := range *names {
			if strings.Count(section, "| `"+string(name)+"` |") != 1 || strings.Count(string(page), "| `"+string(name)+"` |") != 1 {
				t.Errorf("errors.md does not explain %s once, in its section", name)
			}
		}
	}
}
