package environment

import (
	"cmp"
	"strings"
	"time"
	_ "time/tzdata" // every machine then knows the same time zones

	"dynamodb-to-s3/lambda/document"
	"dynamodb-to-s3/lambda/problem"
	"dynamodb-to-s3/lambda/request"
)

// maxTogether is the number of runs that one schedule may start at the same moment without a word about it. A run calls one function at
// least, and an account runs 1,000 functions at once by default.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const maxTogether = 100

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
		c.checkInputs(path, s)
	}
	c.checkExpandedNames()
}

// checkInputs checks the request of each run that a schedule starts.
func (c checker) checkInputs(path string, s Schedule) {
	input, tables := path+".input", path+".tables"
	if !c.Given(tables) {
		if !c.Given(input) {
			c.Add(input, "", "missing: give the request, {table: …} at least, or name several tables in tables beside it")
		} else if c.Understood(input) {
			c.checkInput(input, input+".table", s.Input)
		}
		return
	}
	if c.Given(input + ".table") {
		c.AddGiven(input+".table", "given together with tables, which names the table of each run: leave it out")
	}
	if !c.Understood(tables) || !c.Understood(input) || !c.checkTablesOf(tables, s.Tables) {
		return
	}
	expanded := s.expanded(c.e.Tables)
	for j, each := range expanded {
		c.checkInput(input, elementOf(tables, s, j), each.Input)
	}
	if len(expanded) > maxTogether && !s.Disabled && !c.Given(path+".flexibleWindowMinutes") {
		c.Add(path+".flexibleWindowMinutes", "", "missing: %d runs would start at the same moment, and an account runs 1,000 functions at once by default: "+
			"give the minutes over which EventBridge Scheduler spreads them, or 0 if they may start together", len(expanded))
	}
}

// checkTablesOf checks the list of a schedule's tables, and reports whether it names them. checkInput checks each of them.
func (c checker) checkTablesOf(path string, tables []string) bool {
	if len(tables) == 0 {
		c.Add(path, "", "is empty: name at least one table, or \"*\" for every one of the environment's tables")
	}
	named := len(tables) > 0
	for j, table := range tables {
		own := document.Element(path, j)
		switch {
		case !strings.Contains(table, "*"):
		case len(tables) > 1 || table != everyTable:
			named = false
			c.Add(own, problem.Quote(table), "the name of a table: a schedule starts a run for each table that it names, and \"*\" alone stands for all")
		default:
			for _, pattern := range c.e.Tables {
				if strings.Contains(pattern, "*") {
					named = false
					c.Add(own, problem.Quote(table), "the names of the tables: the environment's tables have the pattern %s, whose tables a schedule cannot know", problem.Quote(pattern))
				}
			}
		}
	}
	c.onceAs(path, tables, c.fullName)
	return named
}

// elementOf is the path of the name that the j-th of a schedule's tables comes from.
func elementOf(path string, s Schedule, j int) string {
	return document.Element(path, min(j, len(s.Tables)-1))
}

// checkExpandedNames checks the names of the schedules that stand for one table of several.
func (c checker) checkExpandedNames() {
	type origin struct {
		path, schedule, table string
		i                     int
	}
	first := map[string]origin{}
	for i, s := range c.e.Schedules {
		schedule := document.Element("schedules", i)
		if s.Name == "" || !c.Understood(schedule+".tables") {
			continue
		}
		for j, each := range s.expanded(c.e.Tables) {
			own := origin{path: schedule + ".name", schedule: s.Name, i: i}
			if len(s.Tables) > 0 {
				own.path, own.table = elementOf(schedule+".tables", s, j), c.fullName(each.Input["table"].(string))
			}
			before, taken := first[each.Name]
			if !taken {
				first[each.Name] = own
			}
			switch {
			case taken && before.i == i && before.table == own.table, taken && before.i != i && before.schedule == s.Name: // given twice, which is known
			case taken && before.i == i:
				c.Add(own.path, "", "two of its tables are called %s, so their runs would have the same names, %s-<time>: give one of them a schedule of its own",
					tableOf(each.Input["table"].(string)), each.Name)
			case taken:
				c.Add(own.path, "", "its runs would have the same names, %s-<time>, as those of %s: choose another name for one of the schedules", each.Name, before.path)
			case len(s.Tables) > 0 && len(each.Name) > maxScheduleName && len(s.Name) <= maxScheduleName:
				c.Add(own.path, "", "its schedule would be called %s, which has %d characters, and EventBridge Scheduler allows %d: "+
					"give the schedule a shorter name, or the table a schedule of its own", each.Name, len(each.Name), maxScheduleName)
			}
		}
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

// checkInput checks the request of a schedule against the environment, and as the function plan would check it. table is the path of its
// table.
func (c checker) checkInput(path, table string, input map[string]any) {
	for _, field := range []string{"scheduledTime", "schedule"} {
		if own := document.Join(path, field); c.Given(own) {
			c.AddGiven(own, "the schedule sets it: leave it out")
		}
	}
	if own := path + ".tables"; c.Given(own) {
		c.Reject(own, "", "a request names one table: write tables beside input")
	}
	c.checkTable(table, input)
	// With a role of another account, a run writes to every bucket that the role may write to.
	own := c.e.Bucket.Name
	if c.e.Account != "" {
		own = c.e.At(c.e.Account, c.e.Region).Bucket.Name
	}
	if bucket, ok := input["bucket"].(string); ok && bucket != own && c.Understood("bucket.name") && !c.has(input, "destinationRoleArn") {
		c.Add(path+".bucket", problem.Quote(bucket), "%s: the functions may write to no other bucket", own)
	}
	c.checkKeysIn(path, input)
	c.checkParsed(path, table, input)
}

// checkTable checks the table of a request, if it is one, against the tables that the functions may read. path is that of the table.
func (c checker) checkTable(path string, req map[string]any) {
	table, _ := req["table"].(string)
	parsed, err := request.ParseTable(table)
	role, _ := cmp.Or(req["sourceRoleArn"], c.e.Defaults["sourceRoleArn"]).(string)
	reader, _ := request.RoleAccount(role) // "" for a role that is wrong, which checkParsed adds
	account := cmp.Or(parsed.Account, c.e.Account)
	switch {
	case table == "" || err != nil || !c.Understood("tables"):
	case !c.permits(table):
		c.Add(path, problem.Quote(table), "one of tables (%s)", shown(c.e.Tables))
	case parsed.Account != "" && c.e.Account != "" && parsed.Account != c.e.Account && !c.has(req, "sourceRoleArn"):
		c.Add(path, problem.Quote(table), "sourceRoleArn too, a role of account %s that may read it", parsed.Account)
	case reader != "" && account != "" && reader != account: // by its name, the run would read a table of the role's account
		c.Add(path, problem.Quote(table), "a table of account %s, by its ARN, because sourceRoleArn is a role of that account: the tables of each account need a schedule of their own", reader)
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
func (c checker) checkParsed(path, table string, input map[string]any) {
	req, _ := delivered(with(with(input, "scheduledTime", "<aws.scheduler.scheduled-time>"), "schedule", "schedule")).(map[string]any)
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
		at := below(path, p)
		if p.Path == "table" {
			at = table
		}
		c.Add(at, p.Got, "%s", p.Want)
	}
}
