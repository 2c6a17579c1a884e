// Package docs_test generates the parts of the documentation that follow from the code, and fails if they are old.
// go test ./docs -update writes them.
package docs_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/request"

	"github.com/invopop/jsonschema"
)

var update = flag.Bool("update", false, "write the generated documentation")

// fresh fails if a file is not as it must be. With -update it writes the file.
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

// schema returns the JSON Schema of the request: its types and their comments, and the rules that Parse checks.
func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	reflector := jsonschema.Reflector{DoNotReference: true, ExpandedStruct: true, Anonymous: true}
	if err := reflector.AddGoComments("dynamodb-to-s3/docs", "../lambda/request"); err != nil {
		t.Fatal(err)
	}
	for name, comment := range reflector.CommentMap {
		reflector.CommentMap[name] = strings.ReplaceAll(comment, "\n", " ")
	}
	reflector.Mapper = func(t reflect.Type) *jsonschema.Schema {
		if t == reflect.TypeFor[request.AttributeValue]() {
			return &jsonschema.Schema{Type: "object", Description: `A value in DynamoDB JSON, such as {"N": "1.5"}.`}
		}
		return nil
	}
	s := reflector.Reflect(request.Request{})
	s.Title = "Request"
	s.Description = "The input of an execution."
	s.PatternProperties = map[string]*jsonschema.Schema{request.Others().String(): {Description: "A member that others put into the input: accepted, without an effect."}}
	addRules("", s)
	catalog, _ := s.Properties.Get("catalog")
	catalog.Type, catalog.AnyOf = "", []*jsonschema.Schema{{Type: "object"}, {Const: false}} // request.Catalog.TurnOff
	return s
}

func addRules(path string, s *jsonschema.Schema) {
	for property := s.Properties.Oldest(); property != nil; property = property.Next() {
		field, own := property.Value, strings.TrimPrefix(path+"."+property.Key, ".")
		rule := request.RuleOf(own)
		number := func(n float64) json.Number { return json.Number(strconv.FormatFloat(n, 'f', -1, 64)) }
		for _, value := range rule.Enum {
			field.Enum = append(field.Enum, value)
		}
		if field.Default = rule.Default; rule.Pattern != nil {
			field.Pattern = rule.Pattern().String()
		}
		switch {
		case rule.MaxBytes > 0:
			field.MaxLength = new(uint64(rule.MaxBytes)) //nolint:gosec // a small length
		case rule.Time && rule.Or == "":
			field.Format = "date-time"
		case rule.Above:
			field.ExclusiveMinimum = number(rule.Min)
		case field.Type == "integer":
			field.Minimum = number(rule.Min)
		}
		if field.Type == "string" && own != "prefix" && rule.Enum == nil && rule.Pattern == nil && field.Format == "" {
			field.MinLength = new(uint64(1))
		}
		if rule.Max > 0 {
			field.Maximum = number(rule.Max)
		}
		for _, inner := range []*jsonschema.Schema{field, field.AdditionalProperties} { // of a map, each value
			if inner != nil && inner.Properties != nil {
				addRules(own, inner)
			}
		}
	}
}

func TestSchemaIsFresh(t *testing.T) {
	text, err := json.MarshalIndent(schema(t), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	fresh(t, "request.schema.json", append(text, '\n'))
}

func TestReferenceIsFresh(t *testing.T) {
	var page strings.Builder
	page.WriteString("# The request\n\nA request is the input of an execution, in the console, in a schedule, or as `--input` of a local run. A request with an unknown " +
		"field, a wrong type or a contradiction fails with `InvalidRequest`. The cause lists every problem at once. If a request " +
		"leaves out a field, the deployment's default applies, otherwise the default below. [`request.schema.json`](request.schema.json) is the JSON Schema of " +
		"the request. A test generates this page and the schema from the Go types and rules in `lambda/request`.\n\n" +
		"An input can also have `$schema`, with which editors find this schema, and names that begin with `AWS_STEP_FUNCTIONS_`. A state machine that " +
		"starts this one adds `AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID`, to " +
		"[link the two executions](https://docs.aws.amazon.com/step-functions/latest/dg/concepts-nested-workflows.html). These members have no " +
		"effect: two inputs that differ only in them are the same request. If a rule of EventBridge starts the run, give the request as the input of " +
		"the rule's target. Otherwise EventBridge sends the event itself, which is refused.\n\n" +
		"```json\n{\"table\": \"orders\", \"bucket\": \"my-lake\", \"prefix\": \"dynamodb/{table}/{date}\"}\n" +
		"{\"table\": \"orders\", \"bucket\": \"my-lake\", \"prefix\": \"dynamodb/{table}\", \"export\": {\"from\": \"last\"}}\n```\n")
	all := schema(t)
	table(&page, "Fields", "", all)
	scan, _ := all.Properties.Get("scan")
	export, _ := all.Properties.Get("export")
	filter, _ := export.Properties.Get("filter")
	var scans, exports []string
	for property := all.Properties.Oldest(); property != nil; property = property.Next() {
		field := "`" + property.Key + "`"
		if refuses(request.ModeExport, property.Key) {
			scans = append(scans, field)
		} else if refuses(request.ModeScan, property.Key) {
			exports = append(exports, field)
		}
	}
	page.WriteString("\nOnly a SCAN has " + list(scans) + ". Only an EXPORT has " + list(exports) + ". A request that mixes them fails, and the cause says " +
		"what to write instead. A deployment's defaults can have " +
		"the fields of both modes: a request takes those of its own mode. `sourceRoleArn` and `destinationRoleArn` are an exception: an EXPORT " +
		"also fails if the deployment's defaults give them.\n")
	table(&page, "`scan`", "scan.", scan)
	page.WriteString("\nBefore a run begins, `plan` asks DynamoDB for one item with these parameters. If DynamoDB refuses them, for example because of a reserved " +
		"word in an expression, the run fails with `InvalidRequest`, and nothing is written. The cause has the field, DynamoDB's message without the values, " +
		"and what to do. The question costs half a read unit for an item of up to 4 KB, 50 for the largest item, and twice as much with " +
		"`ConsistentRead`. It does not count for the pace. If the table has no capacity for it, the run begins without it.\n")
	page.WriteString("\nAn entry of the legacy `ScanFilter` is `{\"ComparisonOperator\": …, \"AttributeValueList\": […]}`, with values in DynamoDB JSON.\n")
	catalog, _ := all.Properties.Get("catalog")
	table(&page, "`catalog`", "catalog.", catalog)
	table(&page, "`export`", "export.", export)
	table(&page, "`export.filter`", "export.filter.", filter)
	page.WriteString("\nDynamoDB cannot be asked about a filter before the export starts. `plan` checks that the expressions use each placeholder that is defined, " +
		"and define each placeholder that they use. If DynamoDB refuses the filter for another reason, the run fails with `ExportRefused` when it starts the " +
		"export, which costs nothing.\n")
	fresh(t, "request.md", []byte(page.String()))
}

// refuses reports whether a request of a mode cannot have a field.
func refuses(mode request.Mode, field string) bool {
	_, err := request.Parse(fmt.Appendf(nil, `{"table": "orders", "bucket": "my-bucket", "mode": %q, %q: {}}`, mode, field), nil)
	return err != nil && strings.Contains(err.Error(), field+": not allowed in mode "+string(mode))
}

func list(fields []string) string {
	last := len(fields) - 1
	if last < 1 {
		return strings.Join(fields, "")
	}
	return strings.Join(fields[:last], ", ") + " and " + fields[last]
}

func table(page *strings.Builder, title, path string, s *jsonschema.Schema) {
	fmt.Fprintf(page, "\n## %s\n\n| field | type and bounds | meaning |\n|---|---|---|\n", title)
	for property := s.Properties.Oldest(); property != nil; property = property.Next() {
		fmt.Fprintf(page, "| `%s` | %s | %s |\n", property.Key, bounds(path+property.Key, property.Value), markdown.Replace(property.Value.Description))
	}
}

// markdown escapes what has another meaning in the cell of a table.
var markdown = strings.NewReplacer("|", `\|`, "<", `\<`)

// bounds says what a field can be.
func bounds(path string, s *jsonschema.Schema) string {
	rule, words := request.RuleOf(path), s.Type
	if s.AnyOf != nil {
		words = "object or `false`"
	}
	if rule.Enum != nil {
		words = "`" + strings.Join(rule.Enum, "` `") + "`"
	} else if rule.String() != "" {
		words += ": " + rule.String()
	}
	if rule.Default != nil {
		words += fmt.Sprintf("; default `%v`", rule.Default)
	}
	return words
}

// Parse keeps every bound in the schema: it accepts a value just inside and refuses a value just outside.
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
			if p.MinLength != nil {
				hold(t, field, "", false)
				checked++
			}
			if p.Pattern != "" || p.Format != "" {
				hold(t, field, "no such value", false)
				checked++
			}
		}
	}
	walk(nil, schema(t))
	if checked < 40 {
		t.Errorf("%d bounds were checked, the schema has more", checked)
	}
}

// company is what a field needs beside it to be accepted.
var company = map[string]string{
	"scan.Segment":             `"scan": {"TotalSegments": 1000000}`,
	"scan.TotalSegments":       `"scan": {"Segment": 0}`,
	"scan.Select":              `"scan": {"IndexName": "by-day"}`,
	"scan.ConditionalOperator": `"scan": {"ScanFilter": {"a": {"ComparisonOperator": "NULL"}}}`,
	"export.viewType":          `"export": {"from": "last"}`,
	"schedule":                 `"scheduledTime": "2026-01-31T06:00:00Z"`,
	"numbers":                  `"format": "PARQUET"`,
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
	if value == "SNAPPY" {
		req["format"] = "PARQUET"
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
	for _, name := range failure.Names() {
		section := transient
		if name.Permanent() {
			section = permanent
		}
		if strings.Count(section, "| `"+string(name)+"` |") != 1 || strings.Count(string(page), "| `"+string(name)+"` |") != 1 {
			t.Errorf("errors.md does not explain %s once, in its section", name)
		}
	}
}
