package environment

import (
	"strings"
	"time"
	_ "time/tzdata" // every machine then knows the same time zones

	"dynamodb-to-s3/lambda/document"
	"dynamodb-to-s3/lambda/problem"
	"dynamodb-to-s3/lambda/request"
)

func (c checker) checkSchedules() {
	names := map[string]string{}
	for i, s := range c.e.Schedules {
		path := document.Element("schedules", i)
		name := path + ".name"
		c.required(name, s.Name, "give the schedule a name, which begins the names of its runs")
		c.hold(name, s.Name, request.RuleOf("schedule"))
		if first := names[s.Name]; first != "" {
			c.again(name, s.Name, first)
		} else if s.Name != "" {
			names[s.Name] = name
		}
		c.required(path+".expression", s.Expression, "give cron(…), rate(…) or at(…)")
		if s.Expression != "" {
			for _, words := range checkExpression(s.Expression) {
				c.Add(path+".expression", problem.Quote(s.Expression), "%s", words)
			}
		}
		c.checkTimeZone(path+".timeZone", s.TimeZone)
		// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_FlexibleTimeWindow.html and API_RetryPolicy.html
		c.within(path+".flexibleWindowMinutes", s.FlexibleWindowMinutes, 0, 1440)
		if s.Retries != nil {
			c.within(path+".retries", *s.Retries, 0, 185)
		}
		c.within(path+".maximumEventAgeSeconds", s.MaximumEventAgeSeconds, 60, 86_400)
		c.checkInput(path+".input", s)
	}
}

func (c checker) checkTimeZone(path, zone string) {
	if !c.Given(path) {
		return
	}
	if _, err := time.LoadLocation(zone); err != nil || zone == "Local" {
		c.Add(path, problem.Quote(zone), "a time zone by its name in the IANA database, such as Europe/Berlin")
	}
}

// checkInput checks the input of a schedule against the environment, and as the function plan would check it.
func (c checker) checkInput(path string, s Schedule) {
	if !c.Given(path) {
		c.Add(path, "", "missing: give the request, {table: …} at least")
	}
	if !c.Understood(path) || !c.Given(path) {
		return
	}
	for _, field := range []string{"scheduledTime", "schedule"} {
		if own := document.Join(path, field); c.Given(own) {
			c.AddGiven(own, "the schedule sets it: leave it out")
		}
	}
	c.checkTable(path, s.Input)
	// With a role of another account, a run writes to every bucket that the role may write to.
	if bucket, ok := s.Input["bucket"].(string); ok && bucket != c.e.Bucket.Name && c.Understood("bucket.name") && !c.has(s.Input, "destinationRoleArn") {
		c.Add(path+".bucket", problem.Quote(bucket), "%s: the functions may write to no other bucket", c.e.Bucket.Name)
	}
	c.checkKeysIn(path, s.Input)
	c.checkParsed(path, s.Input)
}

// checkTable checks the table of a request, if it is one, against the tables that the functions may read.
func (c checker) checkTable(path string, req map[string]any) {
	table, _ := req["table"].(string)
	parsed, err := request.ParseTable(table)
	switch {
	case table == "" || err != nil || !c.Understood("tables"):
	case !c.permits(table):
		c.Add(path+".table", problem.Quote(table), "one of tables (%s)", strings.Join(c.e.Tables, ", "))
	case parsed.Account != "" && c.e.Account != "" && parsed.Account != c.e.Account && !c.has(req, "sourceRoleArn"):
		c.Add(path+".table", "", "is in account %s: give sourceRoleArn, a role of that account that may read it", parsed.Account)
	}
}

// has says that a request has a field, of its own or by default.
func (c checker) has(req map[string]any, field string) bool {
	_, given := req[field]
	_, byDefault := c.e.Defaults[field]
	return given || byDefault
}

// checkParsed adds what request.Parse finds in the request of a firing, over the defaults. It leaves out what is wrong with the defaults
// alone: checkRequests has added it, with their own lines.
func (c checker) checkParsed(path string, input map[string]any) {
	req := with(with(input, "scheduledTime", "2026-01-31T06:00:00Z"), "schedule", "schedule")
	e := c.withValidBucket()
	if len(c.problemsOf(map[string]any{"table": c.anyTable()}, e)) > 0 {
		e.Defaults = nil
	}
	for _, p := range c.problemsOf(req, e) {
		_, own := input[fieldOf(p)]
		if _, byDefault := e.Defaults[fieldOf(p)]; byDefault && !own {
			c.Add(path, "", "over the environment's defaults: %s", p)
			continue
		}
		c.Add(below(path, p), p.Got, "%s", p.Want)
	}
}
