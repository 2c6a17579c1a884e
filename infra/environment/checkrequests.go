package environment

import (
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/document"
	"dynamodb-to-s3/lambda/problem"
	"dynamodb-to-s3/lambda/request"
)

// noDefaults are the fields of a request that cannot be a default, each with what to do instead.
var noDefaults = map[string]string{
	"table": "every request names its own", "bucket": "write it as bucket.name", "prefix": "write it as prefix, beside defaults",
	"explain": "with it, no execution would replicate anything", "scheduledTime": "schedules set it", "schedule": "schedules set it",
}

// checkRequests checks what the environment gives to requests, as the function plan would check it: the bucket and the prefix, then the
// defaults.
func (c checker) checkRequests() {
	c.required("bucket.name", c.e.Bucket.Name, "give the bucket to write to")
	// Where the stack's place is unknown, the name of the bucket is checked with the longest one.
	plain := c.e.At(cmp.Or(c.e.Account, "111122223333"), cmp.Or(c.e.Region, "ap-southeast-2"))
	plain.Defaults = nil
	req := map[string]any{"table": c.anyTable()}
	for _, p := range c.problemsOf(req, &plain) {
		path := map[string]string{"bucket": "bucket.name", "prefix": "prefix"}[p.Path]
		switch {
		case path == "":
			continue
		case path == "bucket.name" && plain.Bucket.Name != c.e.Bucket.Name:
			p.Got = problem.Quote(c.e.Bucket.Name) + ", which becomes " + problem.Quote(plain.Bucket.Name)
		}
		if path == "bucket.name" && strings.ContainsAny(plain.Bucket.Name, "{}") {
			p.Want += ", and of placeholders only {account} and {region}"
		}
		c.Add(path, p.Got, "%s", p.Want)
	}
	for field, instead := range noDefaults {
		if path := document.Join("defaults", field); c.Given(path) {
			c.Reject(path, "", "not allowed as a default: %s", instead)
		}
	}
	if c.Given("defaults.bucketOwner") && c.Given("bucket.owner") {
		c.AddGiven("defaults.bucketOwner", "given together with bucket.owner, which says the same")
	}
	if c.Given("defaults.kmsKeyId") && c.e.DefaultKMSKey {
		c.AddGiven("defaults.kmsKeyId", "given together with defaultKmsKey, which sets it to the first of kmsKeys")
	}
	// Defaults can have fields of both modes; a request takes those of its own.
	requests := []map[string]any{req}
	if c.Given("defaults.export") || c.Given("defaults.mode") {
		requests = append(requests, with(req, "mode", "SCAN"), with(req, "mode", "EXPORT"))
	}
	for _, req := range requests {
		for _, p := range c.problemsOf(req, c.withValidBucket()) {
			if !slices.Contains([]string{"bucket", "prefix", "table"}, fieldOf(p)) {
				c.Add(below("defaults", p), p.Got, "%s", p.Want)
			}
		}
	}
	c.checkKeysIn("defaults", c.e.Defaults)
}

// withValidBucket returns the environment with a valid bucket and prefix, and without the defaults that are not understood: their problems
// are added once, and not again for each request.
func (c checker) withValidBucket() *Environment {
	e := *c.e
	e.Bucket.Name, e.Bucket.Owner, e.Prefix = "amzn-s3-demo-bucket", "", ""
	e.Defaults = maps.Clone(e.Defaults)
	maps.DeleteFunc(e.Defaults, func(field string, _ any) bool { return !c.Understood(document.Join("defaults", field)) })
	return &e
}

// anyTable is a table that a request could name: the first in tables that is not a pattern.
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

// problemsOf returns what the function plan of an environment would find wrong with a request.
func (c checker) problemsOf(req map[string]any, e *Environment) problem.List {
	parsed, err := parseRequest(req, e)
	if err == nil {
		err = parsed.CheckPlace(e.Region)
	}
	if err == nil {
		err = (&request.AssumableRoles{Source: e.SourceRoles, Destination: e.DestinationRoles}).Check(parsed)
	}
	problems, _ := errors.AsType[problem.List](err)
	return problems
}

// parseRequest returns the request as the function plan of an environment would read it.
func parseRequest(req map[string]any, e *Environment) (request.Request, error) {
	text, err := json.Marshal(req)
	if err != nil {
		panic("internal error: what was read from YAML does not marshal: " + err.Error())
	}
	return request.Parse(text, json.RawMessage(e.RequestDefaults()))
}

// fieldOf is the field of the request that a problem is in.
func fieldOf(p problem.Problem) string {
	field, _, _ := strings.Cut(p.Path, ".")
	field, _, _ = strings.Cut(field, "[")
	return field
}

// below is the path of a request's problem in the file.
func below(path string, p problem.Problem) string {
	if p.Path == "" {
		return path
	}
	return path + "." + p.Path
}

// checkKeysIn checks that the functions may use the KMS keys that a request names. It cannot know the key of an alias.
func (c checker) checkKeysIn(path string, req map[string]any) {
	if !c.Understood("kmsKeys") {
		return
	}
	check := func(path string, value any) {
		key, _ := value.(string)
		if key == "" || strings.Contains(key, "alias/") && len(c.e.KMSKeys) > 0 {
			return
		}
		if !slices.ContainsFunc(c.e.KMSKeys, func(known string) bool { return known == key || strings.HasSuffix(known, ":key/"+key) }) {
			c.Add(path, problem.Quote(key), "one of kmsKeys: the functions may use no other key")
		}
	}
	check(path+".kmsKeyId", req["kmsKeyId"])
	if export, ok := req["export"].(map[string]any); ok {
		check(path+".export.s3SseKmsKeyId", export["s3SseKmsKeyId"])
	}
}

func with(req map[string]any, field string, value any) map[string]any {
	changed := map[string]any{field: value}
	for name, each := range req {
		if name != field {
			changed[name] = each
		}
	}
	return changed
}
