package request

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"dynamodb-to-s3/lambda/document"
	"dynamodb-to-s3/lambda/lazyregexp"
	"dynamodb-to-s3/lambda/problem"
)

// check adds a problem for each field that breaks its rule and for each pair of fields that contradict each other.
func (r Request) check(mode Mode, found *document.Report) {
	r.checkRules(reflect.ValueOf(r), "", mode, found)
	if r.Table == "" {
		found.Add("table", "", "missing: give the name or the ARN of the table")
	} else if _, after, index := strings.Cut(r.Table, "/index/"); index {
		found.Add("table", "", "this is the ARN of an index: give the table here, and %s as scan.IndexName", problem.Quote(after))
	}
	checkBucket(r.Bucket, found)
	checkPrefix(r.Prefix, found)
	if found.Given("schedule") && !found.Given("scheduledTime") {
		found.AddGiven("schedule", "given without scheduledTime: both name the run, give both or neither")
	}
	r.checkParquet(mode, found)
	r.checkCatalog(found)
	if mode == ModeExport {
		r.checkNoScan(found)
		if r.Export != nil {
			r.Export.check(r, found)
		}
		return
	}
	if found.Given("export") {
		found.AddGiven("export", "not allowed in mode SCAN: leave mode out, or set it to EXPORT")
	}
	if found.Given("readUnitsPerSecond") && found.Given("readPercent") {
		found.AddGiven("readPercent", "given together with readUnitsPerSecond: both set the pace, give one")
	}
	if found.Given("segments") && found.Given("scan.TotalSegments") {
		found.AddGiven("segments", "given together with scan.TotalSegments: both set the number of segments, give one")
	}
	r.checkRecords(found)
	if r.Scan != nil {
		r.Scan.check(found)
	}
}

// checkRecords checks the three fields that say which records an item becomes.
func (r Request) checkRecords(found *document.Report) {
	// A jq compiler reads NUL as the end of the expression.
	control := func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0x7f }
	if i := strings.IndexFunc(r.Transform, control); i >= 0 {
		found.Add("transform", fmt.Sprintf("%+q at byte %d", r.Transform[i:i+1], i), "no control characters: write it as an escape within a string")
	}
	switch {
	case found.Given("transform") && found.Given("encoder"):
		found.AddGiven("encoder", "given together with transform: both make records of items, give one")
	case found.Given("encoder") && found.Given("format"):
		found.AddGiven("format", "given together with encoder, which decides how items are written: leave format out")
	case r.Transform != "" && r.Format != "" && r.Format != FormatJSON && r.Format != FormatParquet:
		found.Add("format", problem.Quote(string(r.Format)), "JSON or PARQUET, which transform makes: leave format out, or set it to one of them")
	}
}

func (s *Scan) check(found *document.Report) {
	checkExpressions("scan", s.ExpressionAttributeNames, s.ExpressionAttributeValues, found, map[string]string{
		"FilterExpression": s.FilterExpression, "ProjectionExpression": s.ProjectionExpression,
	})
	switch {
	case s.Segment == nil && s.TotalSegments != nil && *s.TotalSegments > MaxSegments && *s.TotalSegments <= maxTotalSegments:
		found.Add("scan.TotalSegments", fmt.Sprint(*s.TotalSegments), "at most %d for one run, or one scan.Segment and several executions", MaxSegments)
	case found.Given("scan.Segment") && !found.Given("scan.TotalSegments"):
		found.AddGiven("scan.Segment", "given without scan.TotalSegments")
	case s.Segment != nil && s.TotalSegments != nil && *s.Segment >= *s.TotalSegments:
		found.Add("scan.Segment", fmt.Sprint(*s.Segment), "0 to %d, less than scan.TotalSegments", *s.TotalSegments-1)
	}
	s.checkSelect(found)
	s.checkLegacy(found)
}

// checkExpressions checks expressions, by field, and their substitutes. DynamoDB refuses a substitute that no expression uses, and one that
// is used but not defined, in the middle of a run; here it costs nothing.
func checkExpressions(path string, names map[string]string, values map[string]AttributeValue, found *document.Report, expressions map[string]string) {
	used, understood := map[string]bool{}, true
	for _, name := range slices.Sorted(maps.Keys(expressions)) {
		field, text := path+"."+name, expressions[name]
		understood = understood && found.Understood(field)
		if i := strings.IndexFunc(text, unsafeInExpression); i >= 0 {
			_, size := utf8.DecodeRuneInString(text[i:])
			found.Add(field, fmt.Sprintf("%+q at byte %d", text[i:i+size], i), "only characters that an expression can have")
		}
		for _, token := range placeholder().FindAllString(text, -1) {
			used[token] = true
		}
	}
	hold := func(field, mark string, defined []string) {
		for _, name := range defined {
			if own := document.Join(field, name); !strings.HasPrefix(name, mark) || len(name) == 1 {
				found.Add(own, "", "must begin with %q and have a name after it", mark)
			} else if understood && !used[name] {
				found.Add(own, "", "no expression uses it")
			}
		}
		for _, name := range slices.Sorted(maps.Keys(used)) {
			if strings.HasPrefix(name, mark) && !slices.Contains(defined, name) {
				found.Add(field, "", "does not define %s, which an expression uses", name)
			}
		}
	}
	hold(path+".ExpressionAttributeNames", "#", slices.Sorted(maps.Keys(names)))
	hold(path+".ExpressionAttributeValues", ":", slices.Sorted(maps.Keys(values)))
	for _, name := range slices.Sorted(maps.Keys(names)) {
		checkAttributeName(document.Join(path+".ExpressionAttributeNames", name), names[name], found)
	}
}

var placeholder = lazyregexp.New(`[#:][a-zA-Z0-9_]+`)

// unsafeInExpression says that no expression has a character: DynamoDB's grammar has words, marks and white space, but no quoted text.
func unsafeInExpression(r rune) bool {
	return r != '\t' && r != '\n' && r != '\r' && !unicode.IsPrint(r) || r == utf8.RuneError
}

func checkAttributeName(path, name string, found *document.Report) {
	const most = 64<<10 - 1 // the API's own, in bytes
	if n := len(name); n == 0 || n > most {
		found.Add(path, fmt.Sprintf("%d bytes", n), "the name of an attribute, 1 to %d bytes", most)
	}
}

func (s *Scan) checkSelect(found *document.Report) {
	const field = "scan.Select"
	projected := found.Given("scan.ProjectionExpression") || len(s.AttributesToGet) > 0 || !found.Understood("scan.AttributesToGet")
	switch {
	case s.Select == "SPECIFIC_ATTRIBUTES" && !projected:
		found.Add(field, "", "SPECIFIC_ATTRIBUTES needs a scan.ProjectionExpression")
	case (s.Select == "ALL_ATTRIBUTES" || s.Select == "ALL_PROJECTED_ATTRIBUTES") && projected:
		found.Add(field, "", "%s contradicts the projection, which allows only SPECIFIC_ATTRIBUTES", s.Select)
	}
	if s.Select == "ALL_PROJECTED_ATTRIBUTES" && !found.Given("scan.IndexName") {
		found.Add(field, "", "ALL_PROJECTED_ATTRIBUTES needs a scan.IndexName")
	}
}

func (s *Scan) checkLegacy(found *document.Report) {
	operators := RuleOf("scan.ScanFilter.ComparisonOperator")
	for _, name := range slices.Sorted(maps.Keys(s.ScanFilter)) {
		field, operator := document.Join("scan.ScanFilter", name)+".ComparisonOperator", s.ScanFilter[name].ComparisonOperator
		if operator == "" {
			found.Add(field, "", "missing: give %s", operators)
		} else if got, want := operators.Check(operator); want != "" {
			found.Add(field, got, "%s", want)
		}
	}
	if found.Given("scan.ConditionalOperator") && len(s.ScanFilter) == 0 && found.Understood("scan.ScanFilter") {
		found.AddGiven("scan.ConditionalOperator", "given without scan.ScanFilter, whose conditions it combines")
	}
	for i, name := range s.AttributesToGet {
		field := document.Element("scan.AttributesToGet", i)
		if slices.Index(s.AttributesToGet, name) < i {
			found.Add(field, problem.Quote(name), "each attribute once")
			continue
		}
		checkAttributeName(field, name, found)
	}
	legacy := len(s.AttributesToGet) > 0 || len(s.ScanFilter) > 0 || found.Given("scan.ConditionalOperator")
	if legacy && (found.Given("scan.FilterExpression") || found.Given("scan.ProjectionExpression")) {
		found.Add("scan", "", "AttributesToGet, ScanFilter and ConditionalOperator cannot be mixed with expressions: use the expressions alone")
	}
}
