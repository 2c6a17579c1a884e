package migration

import (
	"regexp"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/document"
	"dynamodb-to-s3/lambda/lazyregexp"
)

// Templates of other programs. Nothing here fills them in, so that a run would use them as they are.
var (
	// jinja is Airflow's, dbt's and others'; dollar is of shells, Terraform and the CDK; event is Data Firehose's.
	jinja  = lazyregexp.New(`\{\{.*?\}\}`)
	dollar = lazyregexp.New(`\$\{[^{}]*\}|\$\([^()]*\)|\$[A-Z][A-Z0-9_]+\b`)
	event  = lazyregexp.New(`!\{[^{}]*\}`)
	// statesPath and statesExpression are of Step Functions, which evaluates them only in the definition of a state.
	statesPath       = lazyregexp.New(`^\$\$?\.[A-Za-z].*`)
	statesExpression = lazyregexp.New(`\{%.*?%\}`)
	// scheduler are the context attributes of EventBridge Scheduler, which fills them in before it starts an execution.
	// https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
	scheduler = lazyregexp.New(`<aws\.scheduler\.[a-z-]+>`)
	// strftime and pattern are formats of dates, of C and Python, and of Java.
	strftime = lazyregexp.New(`%[A-Za-z](?:[-/_T: ]*%[A-Za-z])*`)
	pattern  = lazyregexp.New(`\b(?:yyyy|YYYY)(?:[-/_T: ]*(?:MM|dd|DD|HH|mm|ss))*\b`)

	// airflowMacro is a template that can only be one of Airflow's: it is looked for in texts that can hold anything. A table of messages may
	// well have {{ params.name }} in an attribute.
	// https://airflow.apache.org/docs/apache-airflow/stable/templates-ref.html
	airflowMacro = lazyregexp.New(`\{\{-?\s*(?:ds|ds_nodash|ts|ts_nodash|ts_nodash_with_tz|execution_date|logical_date|data_interval_start|data_interval_end|` +
		`(?:prev|next|yesterday|tomorrow)_(?:ds|execution_date|data_interval)\w*|macros|task_instance|dag_run)\b[^{}]*\}\}`)

	// braces are checked as placeholders.
	braces = lazyregexp.New(`\{[^{}]*\}`)

	templates = []func() *regexp.Regexp{jinja, dollar, event, statesPath, statesExpression, scheduler}
	ofDates   = []func() *regexp.Regexp{strftime, pattern}
)

// TemplatesIn returns the templates at the beginning of a text, and the formats of dates if they are wanted, in order, each once.
func TemplatesIn(text string, dates bool) (found []string) {
	text = text[:min(len(text), 1<<10)] // a text of many templates would take long
	find := func(text string, kinds []func() *regexp.Regexp) {
		for _, kind := range kinds {
			for _, token := range kind().FindAllString(text, -1) {
				if !slices.ContainsFunc(found, func(before string) bool { return strings.Contains(before, token) }) {
					found = append(found, token)
				}
			}
		}
	}
	if find(text, templates); dates {
		find(braces().ReplaceAllString(text, "{}"), ofDates)
	}
	slices.SortStableFunc(found, func(a, b string) int { return strings.Index(text, a) - strings.Index(text, b) })
	return found
}

// AnyIn reports whether a text that can hold anything, such as an attribute's value, has a template that can be nothing else.
func AnyIn(text string) bool {
	return airflowMacro().MatchString(text) || scheduler().MatchString(text)
}

// meanings are the placeholders by the plain names of what other programs call the same.
var meanings = map[string]string{
	"table": "{table}", "tablename": "{table}", "runid": "{runId}", "executionid": "{runId}", "executionname": "{runId}", "jobid": "{runId}",
	"date": "{date}", "ds": "{date}", "executiondate": "{date}", "logicaldate": "{date}", "today": "{date}", "scheduledtime": "{date}",
	"dataintervalstart": "{date}", "dataintervalend": "{date}", "dsnodash": "{year}{month}{day}",
	"ts": "{date}T{hour}", "tsnodash": "{year}{month}{day}T{hour}", "tsnodashwithtz": "{year}{month}{day}T{hour}",
	"year": "{year}", "month": "{month}", "day": "{day}", "hour": "{hour}", "mm": "{month}", "dd": "{day}", "hh": "{hour}",
}

var (
	dateParts = strings.NewReplacer("%F", "{date}", "%Y", "{year}", "%m", "{month}", "%d", "{day}", "%H", "{hour}",
		"yyyy", "{year}", "YYYY", "{year}", "MM", "{month}", "dd", "{day}", "DD", "{day}", "HH", "{hour}")
	// notSupported is what dateParts leaves of a format that has more than a placeholder can say.
	notSupported = lazyregexp.New(`%|mm|ss`)
	// changed is in a template that means another day, another zone or another text than its name says.
	changed = lazyregexp.New(`timedelta|duration|subtract|\badd\(|ds_add|in_tz|timezone|replace|\[|\bdate -[^u]`)
	dotted  = lazyregexp.New(`[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z_][A-Za-z0-9_-]*)*`)
)

// PlaceholderFor returns the placeholders of a prefix that mean the same as a template of another program, "" if that is not known.
func PlaceholderFor(template string) string {
	if changed().MatchString(template) {
		return ""
	}
	for _, format := range ofDates {
		if dates := format().FindAllString(template, -1); len(dates) > 0 { // the last one is what ds_format writes
			here := dateParts.Replace(dates[len(dates)-1])
			if notSupported().MatchString(here) {
				return ""
			}
			return strings.ReplaceAll(here, "{year}-{month}-{day}", "{date}")
		}
	}
	if filter := strings.LastIndex(template, "|"); filter >= 0 { // logical_date | ds_nodash
		return meanings[document.Plain(dotted().FindString(template[filter:]))]
	}
	parts := strings.Split(dotted().FindString(template), ".")
	for i := range parts { // params.table is a table, and dag_run.run_id a run
		if here := meanings[document.Plain(strings.Join(parts[i:], "."))]; here != "" {
			return here
		}
	}
	return "" // execution_date.isoformat() has more than a date
}
