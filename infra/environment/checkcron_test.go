package environment

import (
	"strings"
	"testing"
)

func TestExpressions(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ expression, want string }{
		{"cron(0 2 * * ? *)", ""},
		{"cron(0/15 8-17 ? * MON-FRI *)", ""},
		{"cron(15,45 22-2 ? * FRI-MON 2026-2030)", ""},
		{"cron(0 0 L * ? *)", ""},
		{"cron(0 0 L-2 * ? *)", ""},
		{"cron(0 0 LW jan,Jul ? *)", ""},
		{"cron(0 0 15W * ? *)", ""},
		{"cron(0 0 ? * 6L *)", ""},
		{"cron(0 0 ? * 2#1 *)", ""},
		{"cron(0 0 ? * TUE#5 *)", ""},
		{"cron(*/5 * * * ? 2199)", ""},
		{"rate(1 day)", ""},
		{"rate(15 minutes)", ""},
		{"rate(1 hours)", ""},
		{"at(2026-01-31T06:00:00)", ""},

		{"0 2 * * *", "cron("},
		{"every day", "cron("},
		{"Cron(0 2 * * ? *)", "cron("},
		{"cron(0 2 * * *)", "6 fields"},
		{"cron(0 2 * * ? * *)", "6 fields"},
		{"cron(60 2 * * ? *)", "minutes 0 to 59 and the signs , - * / in place of \"60\""},
		{"cron(0 24 * * ? *)", "hours "},
		{"cron(0 2 0 * ? *)", "day-of-month "},
		{"cron(0 2 32W * ? *)", "day-of-month "},
		{"cron(0 2 1#2 * ? *)", "day-of-month "},
		{"cron(0 2 L-0 * ? *)", "day-of-month "},
		{"cron(0 2 * JANUARY ? *)", "month 1 to 12 or JAN to DEC and the signs , - * / in place of \"JANUARY\""},
		{"cron(0 2 * ? ? *)", "month "},
		{"cron(0 2 ? * 0 *)", "day-of-week "},
		{"cron(0 2 ? * MON#6 *)", "day-of-week "},
		{"cron(0 2 ? * MONL# *)", "day-of-week "},
		{"cron(0 2 * * ? 1969)", "year "},
		{"cron(0 2 * * ? 2030-2026)", "year "},
		{"cron(0/0 2 * * ? *)", "minutes "},
		{"cron(0/ 2 * * ? *)", "minutes "},
		{"cron(+1 2 * * ? *)", "minutes "},
		{"cron(, 2 * * ? *)", "minutes "},
		{"cron(1- 2 * * ? *)", "minutes "},
		{"cron(0 2 * * * *)", "? in one of"},
		{"cron(0 2 ? * ? *)", "? in one of"},
		{"cron(0 2 1 * MON *)", "? in one of"},
		{"rate(0 days)", "rate("},
		{"rate(15)", "rate("},
		{"rate(1.5 hours)", "rate("},
		{"rate(1 week)", "rate("},
		{"at(2026-01-31)", "at("},
		{"at(2026-02-30T06:00:00)", "at("},
		{"at(2026-01-31T06:00:00Z)", "at("},
	} {
		got := strings.Join(checkExpression(test.expression), "; ")
		if test.want == "" && got != "" || !strings.Contains(got, test.want) {
			t.Errorf("%s: got %q, want %q", test.expression, got, test.want)
		}
	}
	if got := checkExpression("cron(60 24 * * * 1969)"); len(got) != 4 {
		t.Errorf("got %q, want all four faults", got)
	}
}
