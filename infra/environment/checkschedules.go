package environment

import (
	"regexp"
	"strings"
	"time"
	_ "time/tzdata" // time zones are checked alike on every machine

	"dynamodb-to-s3/lambda/request"
)

// schedulePattern is EventBridge Scheduler's own rule, less a dot first, which the run that is named after it may not have. The
// schedules of a stack are in a group of their own, so that nothing need stand before their names.
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
var schedulePattern = regexp.MustCompile(`^[a-zA-Z0-9_-][a-zA-Z0-9_.-]{0,63}$`)

func (c checker) checkSchedules() {
	names := map[string]string{}
	for i, s := range c.e.Schedules {
		path := element("schedules", i)
		name := path + ".name"
		c.required(name, s.Name, "give the schedule a name, by which its runs are called")
		c.match(name, s.Name, schedulePattern, "1 to 64 of a-z A-Z 0-9 _ - . and no dot first")
		if first := names[s.Name]; first != "" {
			c.add(name, "got %s again, first in line %d", quoted(s.Name), c.line(first))
		} else if s.Name != "" {
			names[s.Name] = name
		}
		c.required(path+".expression", s.Expression, "give cron(…), rate(…) or at(…)")
		if s.Expression != "" {
			for _, words := range checkExpression(s.Expression) {
				c.add(path+".expression", "got %s, %s", quoted(s.Expression), words)
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
	if !c.given(path) {
		return
	}
	if _, err := time.LoadLocation(zone); err != nil || zone == "Local" {
		c.add(path, "got %s, want a time zone by its name in the IANA database, such as Europe/Berlin", quoted(zone))
	}
}

// checkInput holds a schedule's input against the environment, and against what the plan function would say to it.
func (c checker) checkInput(path string, s Schedule) {
	if !c.given(path) {
		c.add(path, "missing: give the request, {table: …} at least")
	}
	if !c.understood(path) || !c.given(path) {
		return
	}
	for _, field := range []string{"scheduledTime", "schedule"} {
		if own := join(path, field); c.given(own) {
			c.add(own, "the schedule sets it: leave it out")
		}
	}
	c.checkTable(path, s.Input)
	// With a role of the other account a run writes wherever that role may.
	if bucket, ok := s.Input["bucket"].(string); ok && bucket != c.e.Bucket.Name && c.understood("bucket.name") && !c.has(s.Input, "destinationRoleArn") {
		c.add(path+".bucket", "got %s, but the functions may write to the environment's alone: %s", quoted(bucket), c.e.Bucket.Name)
	}
	c.checkKeysIn(path, s.Input)
	c.checkParsed(path, s.Input)
}

// checkTable holds the table of a request, if it is one, against those that the functions may read.
func (c checker) checkTable(path string, req map[string]any) {
	table, _ := req["table"].(string)
	parsed, err := request.ParseTable(table)
	switch {
	case table == "" || err != nil || !c.understood("tables"):
	case !c.permits(table):
		c.add(path+".table", "got %s, which is not among tables: %s", quoted(table), strings.Join(c.e.Tables, ", "))
	case parsed.Account != "" && c.e.Account != "" && parsed.Account != c.e.Account && !c.has(req, "sourceRoleArn"):
		c.add(path+".table", "is in account %s: give sourceRoleArn, the role of that account to read it with", parsed.Account)
	}
}

// has tells whether a request has a field, of its own or by default.
func (c checker) has(req map[string]any, field string) bool {
	_, given := req[field]
	_, byDefault := c.e.Defaults[field]
	return given || byDefault
}

// checkParsed adds what request.Parse says to the request of a firing, over the defaults. What is wrong with these alone was told
// before, under their own lines.
func (c checker) checkParsed(path string, input map[string]any) {
	req := with(with(input, "scheduledTime", "2026-01-31T06:00:00Z"), "schedule", "schedule")
	e := c.standIn()
	if len(c.problemsOf(map[string]any{"table": c.anyTable()}, e)) > 0 {
		e.Defaults = nil
	}
	for _, problem := range c.problemsOf(req, e) {
		_, own := input[problem.field()]
		_, byDefault := e.Defaults[problem.field()]
		if byDefault && !own {
			c.add(path, "over the environment's defaults: %s", problem.text)
			continue
		}
		c.add(problem.below(path), "%s", problem.words())
	}
}
