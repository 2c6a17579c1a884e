package environment

import (
	"encoding/json"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/request"
)

// checkRequests holds what the environment gives to requests against what the plan function would say, in its own words: the
// bucket and the prefix, then the defaults.
func (c checker) checkRequests() {
	c.required("bucket.name", c.e.Bucket.Name, "give the bucket to write to")
	plain := *c.e
	plain.Defaults = nil
	req := map[string]any{"table": c.anyTable()}
	for _, problem := range c.problemsOf(req, &plain) {
		switch problem.field() {
		case "bucket":
			c.add("bucket.name", "%s", strings.TrimPrefix(problem.text, "bucket: "))
		case "prefix":
			c.add("prefix", "%s", strings.TrimPrefix(problem.text, "prefix: "))
		}
	}
	for field, instead := range map[string]string{
		"table": "every request names its own", "bucket": "write it as bucket.name", "prefix": "write it as prefix, beside defaults",
		"scheduledTime": "schedules set it", "schedule": "schedules set it",
	} {
		if path := join("defaults", field); c.given(path) {
			c.misunderstood(path, "is no default: %s", instead)
		}
	}
	if c.given("defaults.bucketOwner") && c.given("bucket.owner") {
		c.add("defaults.bucketOwner", "given together with bucket.owner, which says the same")
	}
	if c.given("defaults.kmsKeyId") && c.e.DefaultKMSKey {
		c.add("defaults.kmsKeyId", "given together with defaultKmsKey, which sets it to the first of kmsKeys")
	}
	// Defaults may have fields for both modes, of which a request takes those of its own.
	requests := []map[string]any{req}
	if c.given("defaults.export") || c.given("defaults.mode") {
		requests = append(requests, with(req, "mode", "SCAN"), with(req, "mode", "EXPORT"))
	}
	for _, req := range requests {
		for _, problem := range c.problemsOf(req, c.standIn()) {
			if !problem.of("bucket", "prefix", "table") {
				c.add(problem.below("defaults"), "%s", problem.words())
			}
		}
	}
	c.checkKeysIn("defaults", c.e.Defaults)
}

// standIn is the environment as the requests of others are held against it: with a bucket even where its own is wrong, which is
// told once and not again for each of them.
func (c checker) standIn() *Environment {
	e := *c.e
	e.Bucket.Name, e.Bucket.Owner, e.Prefix = "amzn-s3-demo-bucket", "", ""
	e.Defaults = maps.Clone(e.Defaults)
	maps.DeleteFunc(e.Defaults, func(field string, _ any) bool { return !c.understood(join("defaults", field)) })
	return &e
}

// anyTable is one that a request could name: the first without a pattern.
func (c checker) anyTable() string {
	for _, table := range c.e.Tables {
		if !strings.Contains(table, "*") {
			if _, err := request.ParseTable(table); err == nil && isTable(tableOf(table)) {
				return table
			}
		}
	}
	return "orders"
}

// problem is one of those that request.Parse has told, "<field's path>: <words>".
type problem struct{ text string }

// problemsOf returns what the plan function of an environment would say to a request.
func (c checker) problemsOf(req map[string]any, e *Environment) []problem {
	text, err := json.Marshal(req)
	if err != nil {
		panic("internal error: what was read from YAML does not marshal: " + err.Error())
	}
	parsed, err := request.Parse(text, json.RawMessage(e.RequestDefaults()))
	if err == nil {
		err = (&request.AssumableRoles{Source: e.SourceRoles, Destination: e.DestinationRoles}).Check(parsed)
	}
	if err == nil {
		return nil
	}
	return splitProblems(err.Error())
}

var countOfProblems = regexp.MustCompile(`^invalid request: (?:\d+ problems: )?`)

// splitProblems takes job's one message for all problems apart, each of which begins with the path of a request's field.
func splitProblems(message string) []problem {
	message = countOfProblems.ReplaceAllString(message, "")
	var split []problem
	for part := range strings.SplitSeq(message, "; ") {
		if next := (problem{part}); len(split) == 0 || next.path() == "the request" || slices.Contains(requestFields, next.field()) || strings.HasPrefix(part, `"`) {
			split = append(split, next)
		} else { // a semicolon within a problem's own words
			split[len(split)-1].text += "; " + part
		}
	}
	return split
}

var requestFields = func() []string {
	var names []string
	for field := range reflect.TypeFor[request.Request]().Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}()

var problemPath = regexp.MustCompile(`^(?:[^":]|"(?:[^"\\]|\\.)*")+: `)

func (p problem) path() string { return strings.TrimSuffix(problemPath.FindString(p.text), ": ") }

// words are what follows the path. In YAML a number becomes a text by quotes.
func (p problem) words() string {
	words := p.text[len(problemPath.FindString(p.text)):]
	if words == "got number, want a string" || words == "got boolean, want a string" {
		words += ": put it in quotes"
	}
	return words
}

// field is the field of the request that the problem is in.
func (p problem) field() string {
	path := strings.Trim(p.path(), `"`)
	if end := strings.IndexAny(path, ".["); end >= 0 {
		return path[:end]
	}
	return path
}

func (p problem) of(fields ...string) bool { return slices.Contains(fields, p.field()) }

// below is the problem's path in the file.
func (p problem) below(path string) string {
	if own := p.path(); own != "" && own != "the request" {
		return path + "." + own
	}
	return path
}

// checkKeysIn holds the KMS keys that a request names against those that the functions may use. What is named by an alias cannot
// be told.
func (c checker) checkKeysIn(path string, req map[string]any) {
	if !c.understood("kmsKeys") {
		return
	}
	check := func(path string, value any) {
		key, _ := value.(string)
		if key == "" || strings.Contains(key, "alias/") && len(c.e.KMSKeys) > 0 {
			return
		}
		if !slices.ContainsFunc(c.e.KMSKeys, func(known string) bool { return known == key || strings.HasSuffix(known, ":key/"+key) }) {
			c.add(path, "got %s, which is not among kmsKeys, so that the functions may not use it", quoted(key))
		}
	}
	check(path+".kmsKeyId", req["kmsKeyId"])
	if export, ok := req["export"].(map[string]any); ok {
		check(path+".export.s3SseKmsKeyId", export["s3SseKmsKeyId"])
	}
}

func with(req map[string]any, field string, value any) map[string]any {
	req = maps.Clone(req)
	req[field] = value
	return req
}
