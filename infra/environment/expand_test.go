package environment

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// one is what matters of a schedule for one table.
type one struct {
	Name  string
	Input map[string]any
}

func TestAScheduleOfSeveralTablesIsOneForEach(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:dynamodb:eu-west-1:444455556666:table/invoices"
	head := "tables: [orders, customers, \"" + arn + "\"]\nbucket: {name: replica}\nsourceRoles: [\"arn:aws:iam::444455556666:role/reader\"]\nschedules:\n" +
		"- {name: single, expression: rate(1 day), input: {table: orders}}\n- name: nightly\n  expression: rate(1 day)\n  retries: 5\n  timeZone: Asia/Tokyo\n"
	table := func(schedule, table string, more ...any) one {
		input := map[string]any{"table": table}
		for i := 0; i < len(more); i += 2 {
			input[more[i].(string)] = more[i+1]
		}
		return one{schedule, input}
	}
	for _, test := range []struct {
		name, rest string
		want       []one
	}{
		{"with an input", "  tables: [customers, orders]\n  input: {segments: 4, prefix: \"a/{table}\"}", []one{
			table("nightly-customers", "customers", "segments", int64(4), "prefix", "a/{table}"), table("nightly-orders", "orders", "segments", int64(4), "prefix", "a/{table}"),
		}},
		{"without an input", "  tables: [orders]", []one{table("nightly-orders", "orders")}},
		{"all tables", "  tables: [\"*\"]", []one{table("nightly-orders", "orders"), table("nightly-customers", "customers"), table("nightly-invoices", arn)}},
		{"an ARN", "  tables: [\"" + arn + "\"]", []one{table("nightly-invoices", arn)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e, err := parse("test.yaml", head+test.rest)
			if err != nil {
				t.Fatal(err)
			}
			var got []one
			for _, s := range e.Schedules {
				got = append(got, one{s.Name, s.Input})
				if s.Tables != nil || s.Name != "single" && (s.Expression != "rate(1 day)" || *s.Retries != 5 || s.TimeZone != "Asia/Tokyo") {
					t.Errorf("got %+v", s)
				}
			}
			if diff := cmp.Diff(append([]one{table("single", "orders")}, test.want...), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSchedulesOfSeveralTablesAreChecked(t *testing.T) {
	t.Parallel()
	const base = "tables: [orders, eu-orders, \"events-*\"]\nbucket: {name: replica}\nschedules:\n"
	entry := func(name, tables, more string) string {
		return fmt.Sprintf("- {name: %s, expression: rate(1 day), tables: %s%s}\n", name, tables, more)
	}
	const sameNames = "its runs would have the same names, nightly-eu-orders-<time>, as those of schedules[0].%s: choose another name for one of the schedules"
	long := strings.Repeat("t", 57)
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"table and tables", base + entry("a", "[orders]", ", input: {table: orders}"), []string{
			`4: schedules[0].input.table: given together with tables, which names the table of each run: leave it out`,
		}},
		{"no tables", base + entry("a", "[]", ""), []string{`4: schedules[0].tables: is empty: name at least one table, or "*" for every one of the environment's tables`}},
		{"one table", base + entry("a", "orders", ""), []string{`4: schedules[0].tables: got a string, want a list`}},
		{"a table twice", base + entry("a", "[orders, events-1, orders]", ""), []string{`4: schedules[0].tables[2]: got "orders", want each value once, the first is in line 4`}},
		{"a table that is not in tables", base + entry("a", "[orders, payroll]", ", input: {segments: 4}"), []string{`4: schedules[0].tables[1]: got "payroll", want one of tables (orders, eu-orders, events-*)`}},
		{"no table's name", base + entry("a", "[orders, \"my table\"]", ""), []string{
			`4: schedules[0].tables[1]: got "my table", want a table's name, 3 to 255 of a-z A-Z 0-9 _ . -, or an ARN such as arn:aws:dynamodb:eu-west-1:123456789012:table/orders`,
		}},
		{"a pattern", base + entry("a", "[\"events-*\"]", ""), []string{
			`4: schedules[0].tables[0]: got "events-*", want the name of a table: a schedule starts a run for each table that it names, and "*" alone stands for all`,
		}},
		{"all and one more", base + entry("a", "[\"*\", orders]", ""), []string{
			`4: schedules[0].tables[0]: got "*", want the name of a table: a schedule starts a run for each table that it names, and "*" alone stands for all`,
		}},
		{"all, with a pattern", base + entry("a", "[\"*\"]", ""), []string{
			`4: schedules[0].tables[0]: got "*", want the names of the tables: the environment's tables have the pattern "events-*", whose tables a schedule cannot know`,
		}},
		{"another account's table", "account: \"111122223333\"\nregion: eu-west-1\nsourceRoles: [\"arn:aws:iam::444455556666:role/reader\"]\n" +
			"tables: [orders, \"arn:aws:dynamodb:eu-west-1:444455556666:table/invoices\"]\nbucket: {name: replica}\nschedules:\n" +
			entry("a", "[orders, \"arn:aws:dynamodb:eu-west-1:444455556666:table/invoices\"]", ""), []string{
			`7: schedules[0].tables[1]: got "arn:aws:dynamodb:eu-west-1:444455556666:table/invoices", want sourceRoleArn too, a role of account 444455556666 that may read it`,
		}},
		{"tables of two accounts with one role", "account: \"111122223333\"\nregion: eu-west-1\nsourceRoles: [\"arn:aws:iam::444455556666:role/reader\"]\n" +
			"tables: [orders, \"arn:aws:dynamodb:eu-west-1:444455556666:table/invoices\"]\nbucket: {name: replica}\nschedules:\n" +
			entry("a", "[\"*\"]", ", input: {sourceRoleArn: \"arn:aws:iam::444455556666:role/reader\"}"), []string{
			`7: schedules[0].tables[0]: got "orders", want a table of account 444455556666, by its ARN, because sourceRoleArn is a role of that account: the tables of each account need a schedule of their own`,
		}},
		{"tables in the input", base + entry("a", "[orders]", ", input: {tables: [orders]}") + "- {name: b, expression: rate(1 day), input: {table: orders, tables: [orders]}}\n", []string{
			`4: schedules[0].input.tables: a request names one table: write tables beside input`,
			`5: schedules[1].input.tables: a request names one table: write tables beside input`,
		}},
		{"a table beside the input", base + "- {name: a, expression: rate(1 day), table: orders}\n- {name: b, expression: rate(1 day), tables: [orders], scheduledTime: x}\n", []string{
			`4: schedules[0].table: unknown field: a request has it: write table in the input of a schedule`,
			`4: schedules[0].input: missing: give the request, {table: …} at least, or name several tables in tables beside it`,
			`5: schedules[1].scheduledTime: unknown field: a request has it, and schedules set it: leave it out`,
		}},
		{"empty names of tables", base + entry("a", "[orders, null, \"\"]", ""), []string{
			`4: schedules[0].tables[1]: is empty: leave it out, or give a value`,
			`4: schedules[0].tables[2]: is empty: leave it out, or give a value`,
		}},
		{"a wrong input is one problem", base + entry("a", "[orders, eu-orders]", ", input: {segments: 0, format: CSV}"), []string{
			`4: schedules[0].input.segments: got 0, want 1 to 10000`,
			`4: schedules[0].input.format: got "CSV", want one of DYNAMODB_JSON, ION, JSON, PARQUET`,
		}},
		{"the names of two lists meet", base + entry("nightly", "[eu-orders]", "") + entry("nightly-eu", "[orders]", ""), []string{`5: schedules[1].tables[0]: ` + fmt.Sprintf(sameNames, "tables[0]")}},
		{"a name and a list meet", base + "- {name: nightly-eu-orders, expression: rate(1 day), input: {table: orders}}\n" + entry("nightly-eu", "[orders]", ""), []string{`5: schedules[1].tables[0]: ` + fmt.Sprintf(sameNames, "name")}},
		{
			"two accounts' tables of one name",
			"tables: [\"arn:aws:dynamodb:eu-west-1:444455556666:table/orders\", \"arn:aws:dynamodb:us-east-1:444455556666:table/orders\"]\nbucket: {name: replica}\nschedules:\n" + entry("a", "[\"*\"]", ""),
			[]string{`4: schedules[0].tables[0]: two of its tables are called orders, so their runs would have the same names, a-orders-<time>: give one of them a schedule of its own`},
		},
		{"the same schedule twice", base + entry("a", "[orders]", "") + entry("a", "[orders]", ""), []string{`5: schedules[1].name: got "a", want each value once, the first is in line 4`}},
		{"names that become too long", "tables: [orders, " + long + "]\nbucket: {name: replica}\nschedules:\n" + entry("nightly", "[orders, "+long+"]", ""), []string{
			`4: schedules[0].tables[1]: its schedule would be called nightly-` + long + `, which has 65 characters, and EventBridge Scheduler allows 64: give the schedule a shorter name, or the table a schedule of its own`,
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			holdFaults(t, test.text, test.want)
		})
	}
}

// More than a hundred runs at the same moment need a word about the time over which they start.
func TestManyRunsAtOnceAreADecision(t *testing.T) {
	t.Parallel()
	text := func(tables int, more string) string {
		var names []string
		for i := range tables {
			names = append(names, fmt.Sprintf("table-%03d", i))
		}
		return "tables: [" + strings.Join(names, ", ") + "]\nbucket: {name: replica}\nschedules:\n- {name: " + strings.Repeat("n", 54) + ", expression: rate(1 day), tables: [\"*\"]" + more + "}"
	}
	for _, accepted := range []string{text(100, ""), text(101, ", flexibleWindowMinutes: 60"), text(101, ", flexibleWindowMinutes: 0"), text(101, ", disabled: true")} {
		if _, err := parse("test.yaml", accepted); err != nil {
			t.Error(err)
		}
	}
	holdFaults(t, text(101, ""), []string{
		`4: schedules[0].flexibleWindowMinutes: missing: 101 runs would start at the same moment, and an account runs 1,000 functions at once by default: ` +
			`give the minutes over which EventBridge Scheduler spreads them, or 0 if they may start together`,
	})
}
