package environment

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/request"
)

func TestRequestsAreHeldAgainstThePlanFunction(t *testing.T) {
	t.Parallel()
	const (
		base  = "tables: [\"events-*\", orders]\nbucket: {name: replica}\n"
		place = "account: \"111122223333\"\nregion: eu-west-1\n"
		key   = "arn:aws:kms:eu-west-1:111122223333:key/1"
	)
	formats := request.RuleOf("format").String()
	var fields []string
	for field := range reflect.TypeFor[request.Request]().Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		fields = append(fields, name)
	}
	slices.Sort(fields)
	// schedule is one, from line 3, with its input from line 6.
	schedule := func(input string) string {
		return base + "schedules:\n- name: nightly\n  expression: rate(1 day)\n  input:\n" + input
	}
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"defaults", base + "defaults:\n  compression: LZ4\n  segmnts: 4\n  scan:\n    Limit: 0", []string{
			`4: defaults.compression: got "LZ4", want one of GZIP, ZSTD, SNAPPY, NONE`,
			`5: defaults.segmnts: unknown field, did you mean "segments"?`,
			`7: defaults.scan.Limit: got 0, want 1 to 2147483647`,
		}},
		{"a value like a message", base + "defaults: {format: \"X; mode: Y\"}", []string{`3: defaults.format: got "X; mode: Y", want ` + formats}},
		{"bounds of defaults", base + "defaults:\n  fileSizeBytes: 1\n  segments: 0.5\n  concurrency: 100000\n  scan:\n    TotalSegments: 2\n    Select: COUNT\n    ExpressionAttributeValues:\n      \":a\": {S: x}", []string{
			`4: defaults.fileSizeBytes: got 1, want 1024 to 5368709120`,
			`5: defaults.segments: got 0.5, want a whole number`,
			`5: defaults.segments: given together with scan.TotalSegments: both set the number of segments, give one`,
			`6: defaults.concurrency: got 100000, want 1 to 10000`,
			`9: defaults.scan.Select: got "COUNT", want one of ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES, SPECIFIC_ATTRIBUTES`,
			`11: defaults.scan.ExpressionAttributeValues.:a: no expression uses it`,
		}},
		{"defaults for both modes", base + "defaults:\n  compression: LZ4\n  export: {viewType: OLD_IMAGE}", []string{
			`4: defaults.compression: got "LZ4", want one of GZIP, ZSTD, SNAPPY, NONE`,
			`5: defaults.export.viewType: got "OLD_IMAGE", want one of NEW_IMAGE, NEW_AND_OLD_IMAGES, did you mean "NEW_IMAGE"?`,
			`5: defaults.export.viewType: not allowed in a FULL export: leave it out, or set export.exportType to INCREMENTAL`,
		}},
		{"defaults of the other mode", base + "defaults:\n  mode: EXPORT\n  fileSizeBytes: 1", []string{`5: defaults.fileSizeBytes: got 1, want 1024 to 5368709120`}},
		{"no defaults", base + "defaults:\n  table: orders\n  bucket: other\n  prefix: a\n  schedule: a\n  scheduledTime: 2026-01-31T06:00:00Z", []string{
			`4: defaults.table: not allowed as a default: every request names its own`,
			`5: defaults.bucket: not allowed as a default: write it as bucket.name`,
			`6: defaults.prefix: not allowed as a default: write it as prefix, beside defaults`,
			`7: defaults.schedule: not allowed as a default: schedules set it`,
			`8: defaults.scheduledTime: not allowed as a default: schedules set it`,
		}},
		{"defaults told otherwise", "tables: [orders]\nbucket: {name: replica, owner: \"444455556666\"}\nkmsKeys: [\"" + key + "\"]\ndefaultKmsKey: true\ndefaults:\n  bucketOwner: \"444455556666\"\n  kmsKeyId: " + key, []string{
			`6: defaults.bucketOwner: given together with bucket.owner, which says the same`,
			`7: defaults.kmsKeyId: given together with defaultKmsKey, which sets it to the first of kmsKeys`,
		}},
		{"account that is a number", base + "defaults: {bucketOwner: 111122223333}", []string{`3: defaults.bucketOwner: got 111122223333, want a string: put it in quotes`}},
		{"what a list holds", base + "defaults:\n  segments:\n  scan:\n    AttributesToGet: [id, 5, [a]]", []string{
			`4: defaults.segments: is empty: leave it out, or give a value`,
			`6: defaults.scan.AttributesToGet[1]: got 5, want a string: put it in quotes`,
			`6: defaults.scan.AttributesToGet[2]: got a list, want a string`,
		}},
		{"aliases in defaults", base + "defaults: {scan: &s {Limit: 5}, export: *s}", []string{
			`3: defaults.scan: got "&s", want ` + noAliases,
			`3: defaults.export: got "*s", want ` + noAliases,
		}},
		{"numbers that JSON has not", base + "defaults: {segments: 0x10, concurrency: .inf}", []string{
			`3: defaults.segments: got 0x10, want a decimal number`,
			`3: defaults.concurrency: got .inf, want a decimal number`,
		}},
		{"keys that are not listed", base + "kmsKeys: [\"" + key + "\"]\ndefaults:\n  kmsKeyId: 2\n  export: {s3SseKmsKeyId: \"3\"}", []string{
			`5: defaults.kmsKeyId: got 2, want a string: put it in quotes`,
			`6: defaults.export.s3SseKmsKeyId: got "3", want one of kmsKeys: the functions may use no other key`,
		}},
		{"role that is not listed", base + "defaults:\n  sourceRoleArn: arn:aws:iam::444455556666:role/reader", []string{`4: defaults.sourceRoleArn: got "arn:aws:iam::444455556666:role/reader", want a role in the environment's sourceRoles (none): add it there and deploy`}},

		{"no name, no expression, no input", base + "schedules:\n- disabled: true", []string{
			`4: schedules[0].name: missing: give the schedule a name, which begins the names of its runs`,
			`4: schedules[0].expression: missing: give cron(…), rate(…) or at(…)`,
			`4: schedules[0].input: missing: give the request, {table: …} at least, or name several tables in tables beside it`,
		}},
		{"names", base + "schedules:\n- {name: .a, expression: rate(1 day), input: {table: orders}}\n- {name: a b, expression: rate(1 day), input: {table: orders}}\n- {name: a, expression: rate(1 day), input: {table: orders}}\n- {name: a, expression: rate(1 day), input: {table: orders}}\n- {name: " + long(65) + ", expression: rate(1 day), input: {table: orders}}", []string{
			`4: schedules[0].name: got ".a", want 1 to 64 of a-z A-Z 0-9 _ - ., the first not a dot`,
			`5: schedules[1].name: got "a b", want 1 to 64 of a-z A-Z 0-9 _ - ., the first not a dot`,
			`7: schedules[3].name: got "a", want each value once, the first is in line 6`,
			`8: schedules[4].name: got "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn", want 1 to 64 of a-z A-Z 0-9 _ - ., the first not a dot`,
		}},
		{"delivery", schedule("    table: orders\n  timeZone: CET/Berlin\n  flexibleWindowMinutes: 1441\n  retries: 186\n  maximumEventAgeSeconds: 59"), []string{
			`8: schedules[0].timeZone: got "CET/Berlin", want a time zone by its name in the IANA database, such as Europe/Berlin`,
			`9: schedules[0].flexibleWindowMinutes: got 1441, want 0 to 1440`,
			`10: schedules[0].retries: got 186, want 0 to 185`,
			`11: schedules[0].maximumEventAgeSeconds: got 59, want 60 to 86400`,
		}},
		{"delivery below its bounds", schedule("    table: orders\n  timeZone: Local\n  flexibleWindowMinutes: -1\n  retries: -1\n  maximumEventAgeSeconds: 0"), []string{
			`8: schedules[0].timeZone: got "Local", want a time zone by its name in the IANA database, such as Europe/Berlin`,
			`9: schedules[0].flexibleWindowMinutes: got -1, want 0 to 1440`,
			`10: schedules[0].retries: got -1, want 0 to 185`,
			`11: schedules[0].maximumEventAgeSeconds: got 0, want 60 to 86400`,
		}},
		{"input without a table", schedule("    segments: 4"), []string{`6: schedules[0].input.table: missing: give the name or the ARN of the table`}},
		{"empty input", base + "schedules:\n- name: nightly\n  expression: rate(1 day)\n  input: {}", []string{`6: schedules[0].input.table: missing: give the name or the ARN of the table`}},
		{"input of no fields", base + "schedules:\n- name: nightly\n  expression: rate(1 day)\n  input: orders", []string{`6: schedules[0].input: got a string, want an object`}},
		{"input", schedule("    table: orders\n    scan:\n      Limt: 5\n      Segment: 1\n    colour: 5\n    segments: \"4\""), []string{
			`9: schedules[0].input.scan.Limt: unknown field, did you mean "Limit"?`,
			`10: schedules[0].input.scan.Segment: given without scan.TotalSegments`,
			`11: schedules[0].input.colour: unknown field, want one of ` + strings.Join(fields, ", "),
			`12: schedules[0].input.segments: got "4", want a whole number`,
		}},
		{"contradictions of an input", schedule("    table: orders\n    format: ION\n    prefix: a//b\n    export:\n      from: last\n      checkIntervalSeconds: 0"), []string{
			`8: schedules[0].input.format: not allowed in mode EXPORT: write it as export.format: DYNAMODB_JSON or ION. Here it can only be PARQUET`,
			`9: schedules[0].input.prefix: got "a//b", want a prefix that does not begin with / and has no //`,
			`12: schedules[0].input.export.checkIntervalSeconds: got 0, want 1 to 86400`,
		}},
		{"what the schedule sets", schedule("    table: orders\n    schedule: nightly\n    scheduledTime: 2026-01-31T06:00:00Z"), []string{
			`8: schedules[0].input.schedule: the schedule sets it: leave it out`,
			`9: schedules[0].input.scheduledTime: the schedule sets it: leave it out`,
		}},
		{"another table", schedule("    table: customers"), []string{`7: schedules[0].input.table: got "customers", want one of tables (events-*, orders)`}},
		{"a pattern", schedule("    table: events-*"), []string{`7: schedules[0].input.table: got "events-*", want a table's name, 3 to 255 of a-z A-Z 0-9 _ . -, or an ARN such as arn:aws:dynamodb:eu-west-1:123456789012:table/orders`}},
		{"another account's table", base + place + "schedules:\n- name: nightly\n  expression: rate(1 day)\n  input:\n    table: arn:aws:dynamodb:eu-west-1:444455556666:table/orders", []string{`9: schedules[0].input.table: got "arn:aws:dynamodb:eu-west-1:444455556666:table/orders", want one of tables (events-*, orders)`}},
		{"another account's table without its role", "tables: [\"arn:aws:dynamodb:eu-west-1:444455556666:table/*\"]\nbucket: {name: replica}\n" + place + "sourceRoles: [\"arn:aws:iam::444455556666:role/reader\"]\nschedules:\n- name: nightly\n  expression: rate(1 day)\n  input:\n    table: arn:aws:dynamodb:eu-west-1:444455556666:table/orders", []string{`10: schedules[0].input.table: got "arn:aws:dynamodb:eu-west-1:444455556666:table/orders", want sourceRoleArn too, a role of account 444455556666 that may read it`}},
		{"a bucket with the place of the stack", "tables: [orders]\nbucket: {name: \"lake-{region}\"}\n" + place + "schedules:\n- {name: a, expression: rate(1 day), input: {table: orders, bucket: lake-eu-west-1}}\n" +
			"- {name: b, expression: rate(1 day), input: {table: orders, bucket: lake-us-east-1}}", []string{
			`7: schedules[1].input.bucket: got "lake-us-east-1", want lake-eu-west-1: the functions may write to no other bucket`,
		}},
		{"another bucket", schedule("    table: orders\n    bucket: other"), []string{`8: schedules[0].input.bucket: got "other", want replica: the functions may write to no other bucket`}},
		{"another key", schedule("    table: orders\n    kmsKeyId: alias/lake"), []string{`8: schedules[0].input.kmsKeyId: got "alias/lake", want one of kmsKeys: the functions may use no other key`}},
		{"another role", schedule("    table: orders\n    destinationRoleArn: arn:aws:iam::444455556666:role/writer"), []string{`8: schedules[0].input.destinationRoleArn: got "arn:aws:iam::444455556666:role/writer", want a role in the environment's destinationRoles (none): add it there and deploy`}},
		{"everything at once", base + "tabels: [a]\nprefix: /a/{tabel}\nlogRetentionDays: x\ntracing: true\nschedules:\n- name: a b\n  input: {tabel: orders, segments: many, format: CSV}", []string{
			`3: tabels: unknown field, did you mean "tables"?`,
			`4: prefix: got "/a/{tabel}", want a prefix that does not begin with / and has no //`,
			`4: prefix: got "/a/{tabel}", want one of {table} {date} {year} {month} {day} {hour} {runId} in place of "{tabel}", did you mean "table"?`,
			`5: logRetentionDays: got "x", want a whole number`,
			`8: schedules[0].name: got "a b", want 1 to 64 of a-z A-Z 0-9 _ - ., the first not a dot`,
			`8: schedules[0].expression: missing: give cron(…), rate(…) or at(…)`,
			`9: schedules[0].input.segments: got "many", want a whole number`,
			`9: schedules[0].input.tabel: unknown field, did you mean "table"?`,
			`9: schedules[0].input.format: got "CSV", want ` + formats,
			`9: schedules[0].input.table: missing: give the name or the ARN of the table`,
		}},
		{"over the defaults", schedule("    table: orders\n    scan: {TotalSegments: 4}\ndefaults: {segments: 4}"), []string{`6: schedules[0].input: over the environment's defaults: segments: given together with scan.TotalSegments: both set the number of segments, give one`}},
		{"over defaults that are wrong", schedule("    table: orders\n    segments: 0\ndefaults: {compression: LZ4}"), []string{
			`8: schedules[0].input.segments: got 0, want 1 to 10000`,
			`9: defaults.compression: got "LZ4", want one of GZIP, ZSTD, SNAPPY, NONE`,
		}},
		{"with a bucket that is wrong", "tables: [orders]\nbucket: {name: R}\nschedules:\n- name: nightly\n  expression: rate(1 day)\n  input: {table: orders}\ndefaults: {segments: 4}", []string{`2: bucket.name: got "R", want the name of an S3 bucket: 3 to 63 of a-z 0-9 . -, first and last a letter or digit`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			holdFaults(t, test.text, test.want)
		})
	}
}
