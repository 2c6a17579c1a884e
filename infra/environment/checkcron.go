package environment

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/problem"
)

var expressionPattern = regexp.MustCompile(`^(cron|rate|at)\((.*)\)$`)

// checkExpression returns what is wanted in place of the expression of a schedule, or nothing if it is right.
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
func checkExpression(expression string) []string {
	const forms = "cron(minutes hours day-of-month month day-of-week year), rate(15 minutes) or at(2026-01-31T06:00:00)"
	parts := expressionPattern.FindStringSubmatch(expression)
	if parts == nil {
		return []string{forms}
	}
	switch parts[1] {
	case "cron":
		return checkCron(parts[2])
	case "rate":
		return checkRate(parts[2])
	default:
		return checkAt(parts[2])
	}
}

var ratePattern = regexp.MustCompile(`^[1-9][0-9]{0,8} (minute|hour|day)s?$`)

func checkRate(rate string) []string {
	if ratePattern.MatchString(rate) {
		return nil
	}
	return []string{"rate(<number from 1> <unit>), where the unit is minutes, hours or days"}
}

// checkAt wants a time without a zone, because timeZone gives it.
func checkAt(at string) []string {
	if _, err := time.Parse("2006-01-02T15:04:05", at); err == nil {
		return nil
	}
	return []string{"at(yyyy-mm-ddThh:mm:ss), without a zone: timeZone gives it"}
}

// cronField is what one of the six fields of a cron expression can be.
type cronField struct {
	name      string
	low, high int
	words     []string // in place of numbers, from low
	signs     string   // beyond , - * and /
}

// cronFields are EventBridge's.
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based
var cronFields = []cronField{
	{name: "minutes", low: 0, high: 59},
	{name: "hours", low: 0, high: 23},
	{name: "day-of-month", low: 1, high: 31, signs: "?LW"},
	{name: "month", low: 1, high: 12, words: []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}},
	{name: "day-of-week", low: 1, high: 7, words: []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}, signs: "?L#"},
	{name: "year", low: 1970, high: 2199},
}

func checkCron(cron string) []string {
	given := strings.Fields(cron)
	if len(given) != len(cronFields) {
		return []string{"6 fields: " + strings.Join(namesOf(cronFields), " ") + ". Unix's cron has no year and no ?"}
	}
	var wrong []string
	for i, field := range cronFields {
		if !field.accepts(given[i]) {
			wrong = append(wrong, field.refusal(given[i]))
		}
	}
	if (given[2] == "?") == (given[4] == "?") {
		wrong = append(wrong, "? in one of day-of-month and day-of-week, and not in the other")
	}
	return wrong
}

func namesOf(fields []cronField) []string {
	var names []string
	for _, each := range fields {
		names = append(names, each.name)
	}
	return names
}

// accepts says that a field's text is right: a list of steps over ranges of numbers, or one of its signs.
func (f cronField) accepts(text string) bool {
	has := func(sign string) bool { return strings.Contains(f.signs, sign) }
	if text == "?" {
		return has("?")
	}
	for part := range strings.SplitSeq(strings.ToUpper(text), ",") {
		switch {
		case has("L") && part == "L", has("W") && part == "LW":
		case has("W") && strings.HasSuffix(part, "W"): // the weekday nearest to a day
			if _, ok := f.number(strings.TrimSuffix(part, "W")); !ok {
				return false
			}
		case has("W") && strings.HasPrefix(part, "L-"): // so many days before the last
			if _, ok := f.number(part[2:]); !ok {
				return false
			}
		case has("#") && strings.HasSuffix(part, "L"): // the last such day of the month
			if _, ok := f.number(strings.TrimSuffix(part, "L")); !ok {
				return false
			}
		case has("#") && strings.Contains(part, "#"): // the first to fifth such day of the month
			day, nth, _ := strings.Cut(part, "#")
			if _, ok := f.number(day); !ok || len(nth) != 1 || nth < "1" || nth > "5" {
				return false
			}
		case !f.steps(part):
			return false
		}
	}
	return true
}

// steps says that a text is *, a number, a range, or one of these with /n after it.
func (f cronField) steps(text string) bool {
	text, step, stepped := strings.Cut(text, "/")
	if n, err := strconv.Atoi(step); stepped && (err != nil || n < 1 || n > f.high) {
		return false
	}
	if text == "*" {
		return true
	}
	first, last, ranged := strings.Cut(text, "-")
	low, ok := f.number(first)
	if !ranged {
		return ok
	}
	high, alsoOK := f.number(last)
	// A range can go round, as from Friday to Monday or from 22 to 2 o'clock; a range of years cannot.
	return ok && alsoOK && (low <= high || f.high < 1970)
}

func (f cronField) number(text string) (int, bool) {
	if i := slices.Index(f.words, text); i >= 0 {
		return f.low + i, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= f.low && n <= f.high && !strings.HasPrefix(text, "+")
}

func (f cronField) refusal(text string) string {
	words := ""
	if len(f.words) > 0 {
		words = " or " + f.words[0] + " to " + f.words[len(f.words)-1]
	}
	return fmt.Sprintf("%s %d to %d%s and the signs %s in place of %s", f.name, f.low, f.high, words,
		strings.Join(strings.Split(",-*/"+f.signs, ""), " "), problem.Quote(text))
}
