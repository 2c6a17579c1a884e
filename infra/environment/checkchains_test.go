package environment

import (
	"fmt"
	"strings"
	"testing"
)

// Two schedules would share the windows of a chain. Both are named, with the line of the first.
func TestSchedulesOfOneChainAreRefused(t *testing.T) {
	t.Parallel()
	const base = "account: \"111122223333\"\nregion: eu-west-1\ntables: [orders, customers]\nbucket: {name: replica}\nprefix: raw\n"
	const chain = "table: orders, export: {from: last"
	for _, test := range []struct {
		name, defaults, first, second string
		table                         string // "" if they do not collide
	}{
		{"the same", "", "input: {" + chain + "}}", "input: {" + chain + "}}", "orders"},
		{"the table by its ARN", "", "input: {" + chain + "}}", `input: {table: "arn:aws:dynamodb:eu-west-1:111122223333:table/orders", export: {from: last}}`, "arn:aws:dynamodb:eu-west-1:111122223333:table/orders"},
		{"another end and patience", "", "input: {" + chain + "}}", "input: {" + chain + ", to: 2026-01-31T06:00:00Z, maxAttempts: 9}}", "orders"},
		{"the defaults written out", "", "input: {" + chain + "}}", "input: {bucket: replica, prefix: raw/, " + chain + ", format: DYNAMODB_JSON, viewType: NEW_AND_OLD_IMAGES}}", "orders"},
		{"by the environment's defaults", "defaults: {export: {from: last, viewType: NEW_IMAGE}}\n", "input: {table: orders, mode: EXPORT}", "input: {" + chain + ", viewType: NEW_IMAGE}}", "orders"},
		{"one of several tables", "", "tables: [customers, orders]\n  input: {export: {from: last}}", "input: {" + chain + "}}", "orders"},
		{"several tables", "", "tables: [customers, orders]\n  input: {export: {from: last}}", "tables: [orders, customers]\n  input: {export: {from: last}}", "orders, customers"},
		{"all tables", "", "input: {" + chain + "}}", "tables: [\"*\"]\n  input: {export: {from: last}}", "orders"},

		{"another table", "", "input: {" + chain + "}}", "input: {table: customers, export: {from: last}}", ""},
		{"another prefix", "", "input: {" + chain + "}}", "input: {prefix: raw2, " + chain + "}}", ""},
		{"another prefix with the same constant folders", "", "input: {prefix: \"raw/{date}\", " + chain + "}}", "input: {prefix: \"raw/{year}\", " + chain + "}}", ""},
		{"another view", "", "input: {" + chain + "}}", "input: {" + chain + ", viewType: NEW_IMAGE}}", ""},
		{"another format", "", "input: {" + chain + "}}", "input: {" + chain + ", format: ION}}", ""},
		{"a filter", "", "input: {" + chain + "}}", "input: {" + chain + ", filter: {ProjectionExpression: a}}}", ""},
		{"another encryption", "", "input: {" + chain + "}}", "input: {" + chain + ", s3SseAlgorithm: AES256}}", ""},
		{"no chain", "", "input: {table: orders, export: {}}", "input: {table: orders, export: {}}", ""},
		{"disabled", "", "disabled: true\n  input: {" + chain + "}}", "input: {" + chain + "}}", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			text := base + test.defaults + "schedules:\n- name: hourly\n  expression: rate(1 hour)\n  " + test.first + "\n- name: daily\n  expression: rate(1 day)\n  " + test.second
			_, err := parse("environments/test.yaml", text)
			if test.table == "" {
				if err != nil {
					t.Errorf("got %v", err)
				}
				return
			}
			before, _, _ := strings.Cut(text, "- name: hourly")
			line := 1 + strings.Count(before, "\n")
			want := fmt.Sprintf("schedules[1].input: the schedules hourly (line %d) and daily continue the same chain of exports (table %s), so each window would be in the result of only one of them:", line, test.table)
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want %s", err, want)
			}
		})
	}
}

// If a schedule names a table twice, that is the only problem.
func TestScheduleDoesNotCollideWithItself(t *testing.T) {
	t.Parallel()
	_, err := parse("environments/test.yaml", "region: eu-west-1\ntables: [orders]\nbucket: {name: replica}\nschedules:\n- name: hourly\n  expression: rate(1 hour)\n  tables: [orders, orders]\n  input: {export: {from: last}}")
	if err == nil || !strings.Contains(err.Error(), "schedules[0].tables[1]") || strings.Contains(err.Error(), "same chain") {
		t.Errorf("got %v", err)
	}
}
