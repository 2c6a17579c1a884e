package environment

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/problem"
)

func TestFaultsAreToldWithTheirLines(t *testing.T) {
	t.Parallel()
	const base = "tables: [orders, events-*]\nbucket: {name: replica}\n"
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"nothing at all", "", []string{
			`1: tables: missing: name at least one table, by name or ARN`,
			`1: bucket.name: missing: give the bucket to write to`,
		}},
		{"comments only", "# nothing\n", []string{
			`1: tables: missing: name at least one table, by name or ARN`,
			`1: bucket.name: missing: give the bucket to write to`,
		}},
		{"text", "tables", []string{`1: got a string, want an object`}},
		{"list", "- tables", []string{`1: got a list, want an object`}},
		{"no YAML", base + "prefix: [", []string{`3: not valid YAML: did not find expected node content`}},
		{"tab", base + "functions:\n\tarchitecture: arm64", []string{"4: not valid YAML: found character that cannot start any token: YAML is indented with spaces, not with tabs, and a value that begins with @, % or ` needs quotes"}},
		{"two documents", base + "---\n" + base, []string{`3: the file has a second document: an environment is one document`}},
		{"pattern without quotes", "tables:\n  - orders\n  - *-prod\nbucket: {name: replica}", []string{`3: not valid YAML: got "*-prod", want the value itself: anchors (&name), aliases (*name) and << are not accepted, and a value that begins with * or & needs quotes`}},
		{"star without quotes", "tables:\n  - orders\n  - *\nbucket: {name: replica}", []string{`3: not valid YAML: did not find expected alphabetic or numeric character: a value that begins with * or & needs quotes`}},
		{"alias", "tables: &all [orders]\nbucket: {name: replica}\ntags: *all", []string{
			`1: tables: got "&all", want the value itself: anchors (&name), aliases (*name) and << are not accepted, and a value that begins with * or & needs quotes`,
			`3: tags: got "*all", want the value itself: anchors (&name), aliases (*name) and << are not accepted, and a value that begins with * or & needs quotes`,
		}},
		{"merge", base + "tags: {a: b, <<: {c: d}}", []string{`3: tags."<<": want the value itself: anchors (&name), aliases (*name) and << are not accepted, and a value that begins with * or & needs quotes`}},
		{"tag", base + "prefix: !Sub dynamodb", []string{`3: prefix: got the tag "!Sub", want a value without a tag`}},
		{"unknown fields", base + "tabels: [orders]\nscedules: []\nnothingLikeIt: 1\nfunctions: {architectur: arm64}", []string{
			`3: tabels: unknown field, did you mean "tables"?`,
			`4: scedules: unknown field, did you mean "schedules"?`,
			`5: nothingLikeIt: unknown field, want one of account, alarms, bucket, catalog, customerManagedKey, defaultKmsKey, defaults, destinationRoles, explain, functions, kmsKeys, logRetentionDays, notifications, permissionsBoundary, prefix, prices, quotas, region, retention, schedules, sourceRoles, tables, tags, tracing, vpc`,
			`6: functions.architectur: unknown field, did you mean "architecture"?`,
		}},
		{"prices", base + "prices:\n  readUnitPerMillion: 1\n  s3PutPerThousand: -1\n  s3GetPerThousand: cheap\nexplain: true", []string{
			`4: prices.readUnitPerMillion: there is no such price, did you mean "readUnitsPerMillion"?`,
			`5: prices.s3PutPerThousand: got -1, want a price in US dollars, 0 or more`,
			`6: prices.s3GetPerThousand: got "cheap", want a decimal number`,
			`7: explain: got a boolean, want an object`,
		}},
		{"given twice", base + "tables: [events]\ntags:\n  team: a\n  team: b", []string{
			`3: tables: given twice, first in line 1`,
			`6: tags.team: given twice, first in line 5`,
		}},
		{"wrong types", "tables: orders\nbucket: replica\nlogRetentionDays: thirty\ntracing: yes\nprefix: true\nkmsKeys: {a: b}\ntags: [a]\nfunctions: arm64\ndefaults: ZSTD\naccount: [1]", []string{
			`1: tables: got a string, want a list`,
			`2: bucket: got a string, want an object`,
			`3: logRetentionDays: got "thirty", want a whole number`,
			`4: tracing: got "yes", want true or false`,
			`5: prefix: got true, want a string: put it in quotes`,
			`6: kmsKeys: got an object, want a list`,
			`7: tags: got a list, want an object`,
			`8: functions: got a string, want an object`,
			`9: defaults: got a string, want an object`,
			`10: account: got a list, want a string`,
			`10: account: given without region: give both, or neither to deploy into the account and region of the credentials`,
		}},
		{"numbers of other kinds", base + "logRetentionDays: 1e1\nalarms: {throttles: 010}\nfunctions: {limits: {scan: {memoryMiB: 1769.5, timeoutSeconds: 99999999999}}}", []string{
			`3: logRetentionDays: got 1e1, want a whole number`,
			`4: alarms.throttles: got 010, want a whole number`,
			`5: functions.limits.scan.memoryMiB: got 1769.5, want a whole number`,
			`5: functions.limits.scan.timeoutSeconds: got 99999999999, want 1 to 900`,
		}},
		{"empty", base + "vpc:\nprefix: \"\"\naccount: \"\"\ntags: {a: }", []string{
			`3: vpc: is empty: leave it out, or give a value`,
			`5: account: is empty: leave it out, or give a value`,
			`6: tags.a: is empty: leave it out, or give a value`,
		}},
		{"names of fields", base + "? [a]\n: b\n~: c", []string{
			`3: "": the name of a field is not a string`,
			`5: "~": the name of a field is not a string`,
		}},

		{"account without region", base + "account: \"111122223333\"", []string{`3: account: given without region: give both, or neither to deploy into the account and region of the credentials`}},
		{"region without account", base + "region: eu-west-1", []string{`3: region: given without account: give both, or neither to deploy into the account and region of the credentials`}},
		{"account and region", base + "account: 1111-2222-3333\nregion: Ireland", []string{
			`3: account: got "1111-2222-3333", want an AWS account of 12 digits`,
			`4: region: got "Ireland", want an AWS region such as eu-west-1`,
		}},

		{"no tables", "tables: []\nbucket: {name: replica}", []string{`1: tables: missing: name at least one table, by name or ARN`}},
		{"tables", "bucket: {name: replica}\ntables:\n  - ab\n  - my table\n  - orders?\n  - orders/index/by-date\n  - arn:aws:dynamodb:eu-west-1:1:table/orders\n  - arn:aws:s3:::orders\n  - arn:aws:dynamodb:eu-west-1:111122223333:table/a\n  - \"*\"", []string{
			`3: tables[0]: got "ab", want a table's name, 3 to 255 of a-z A-Z 0-9 _ . -, a pattern of names with * in it, or a table's ARN`,
			`4: tables[1]: got "my table", want a table's name, 3 to 255 of a-z A-Z 0-9 _ . -, a pattern of names with * in it, or a table's ARN`,
			`5: tables[2]: got "orders?", want a table's name, 3 to 255 of a-z A-Z 0-9 _ . -, a pattern of names with * in it, or a table's ARN`,
			`6: tables[3]: got "orders/index/by-date", want a table's name, 3 to 255 of a-z A-Z 0-9 _ . -, a pattern of names with * in it, or a table's ARN`,
			`7: tables[4]: got "arn:aws:dynamodb:eu-west-1:1:table/orders", want an ARN such as arn:aws:dynamodb:eu-west-1:123456789012:table/orders`,
			`8: tables[5]: got "arn:aws:s3:::orders", want an ARN such as arn:aws:dynamodb:eu-west-1:123456789012:table/orders`,
			`9: tables[6]: got "arn:aws:dynamodb:eu-west-1:111122223333:table/a", want a table's name, 3 to 255 of a-z A-Z 0-9 _ . -, a pattern of names with * in it, or a table's ARN`,
		}},
		{"the same table by its ARN", "tables: [orders, \"arn:aws:dynamodb:eu-west-1:111122223333:table/orders\", orders]\nbucket: {name: replica}\naccount: \"111122223333\"\nregion: eu-west-1", []string{
			`1: tables[1]: got "arn:aws:dynamodb:eu-west-1:111122223333:table/orders", want each value once, the first is in line 1`,
			`1: tables[2]: got "orders", want each value once, the first is in line 1`,
		}},
		{"table of another account", "tables: [\"arn:aws:dynamodb:eu-west-1:444455556666:table/*\"]\nbucket: {name: replica}\naccount: \"111122223333\"\nregion: eu-west-1\nsourceRoles: [\"arn:aws:iam::777788889999:role/reader\"]", []string{`1: tables[0]: is in account 444455556666, and sourceRoles has no role of that account that could read it`}},

		{"no bucket", "tables: [orders]", []string{`1: bucket.name: missing: give the bucket to write to`}},
		{"no name of a bucket", "tables: [orders]\nbucket:\n  create: true", []string{`2: bucket.name: missing: give the bucket to write to`}},
		{"bucket and prefix", "tables: [orders]\nbucket: {name: My_Bucket}\nprefix: /a/{tabel}", []string{
			`2: bucket.name: got "My_Bucket", want the name of an S3 bucket: 3 to 63 of a-z 0-9 . -, first and last a letter or digit`,
			`3: prefix: got "/a/{tabel}", want a prefix that does not begin with / and has no //`,
			`3: prefix: got "/a/{tabel}", want one of {table} {date} {year} {month} {day} {hour} {runId} in place of "{tabel}", did you mean "table"?`,
		}},
		{"created for another", "tables: [orders]\nbucket: {name: replica, create: true, owner: \"444455556666\"}", []string{`2: bucket.owner: contradicts bucket.create: the stack's account owns a bucket that the stack creates`}},
		{"created under a reserved name", "tables: [orders]\nbucket: {name: amzn-s3-demo-bucket--x-s3, create: true}", []string{
			`2: bucket.name: got "amzn-s3-demo-bucket--x-s3", want a name that does not begin with amzn-s3-demo-: S3 does not create such a bucket`,
			`2: bucket.name: got "amzn-s3-demo-bucket--x-s3", want the name of a general purpose bucket, which does not end with --x-s3`,
		}},
		{"not created", "tables: [orders]\nbucket: {name: replica, owner: \"1\", versioning: true, abortUploadsAfterDays: 7}", []string{
			`2: bucket.versioning: only for a bucket that the stack creates: leave it out, or set bucket.create to true`,
			`2: bucket.abortUploadsAfterDays: only for a bucket that the stack creates: leave it out, or set bucket.create to true`,
			`2: bucket.owner: got "1", want an AWS account of 12 digits`,
		}},
		{"uploads are aborted", "tables: [orders]\nbucket: {name: replica, create: true, abortUploadsAfterDays: 366}", []string{`2: bucket.abortUploadsAfterDays: got 366, want 7 to 365`}},
		{"uploads are aborted before a run ends", "tables: [orders]\nbucket: {name: replica, create: true, abortUploadsAfterDays: 6}", []string{
			`2: bucket.abortUploadsAfterDays: got 6, want 7 to 365: a run needs its uploads until it commits, also if it waits for a redrive`,
		}},
		{"uploads are aborted at once", "tables: [orders]\nbucket: {name: replica, create: true, abortUploadsAfterDays: 0}", []string{`2: bucket.abortUploadsAfterDays: got 0, want 7 to 365`}},

		{"keys", base + "kmsKeys:\n  - arn:aws:kms:eu-west-1:111122223333:alias/lake\n  - alias/lake\n  - 1234abcd-12ab-34cd-56ef-1234567890ab\n  - arn:aws:kms:eu-west-1:111122223333:key/mrk-1\n  - arn:aws:kms:eu-west-1:111122223333:key/mrk-1", []string{
			`4: kmsKeys[0]: got "arn:aws:kms:eu-west-1:111122223333:alias/lake", want the key's own ARN: IAM cannot permit a key by its alias`,
			`5: kmsKeys[1]: got "alias/lake", want the key's own ARN: IAM cannot permit a key by its alias`,
			`6: kmsKeys[2]: got "1234abcd-12ab-34cd-56ef-1234567890ab", want a key's ARN such as arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab`,
			`8: kmsKeys[4]: got "arn:aws:kms:eu-west-1:111122223333:key/mrk-1", want each value once, the first is in line 7`,
		}},
		{"default of no keys", base + "defaultKmsKey: true", []string{`3: defaultKmsKey: is true, but kmsKeys has no key to be the default`}},
		{"roles", base + "sourceRoles: [reader, \"arn:aws:iam::111122223333:user/a\"]\ndestinationRoles: [\"arn:aws:iam::111122223333:role/a\", \"arn:aws:iam::111122223333:role/a\"]", []string{
			`3: sourceRoles[0]: got "reader", want the ARN of a role such as arn:aws:iam::123456789012:role/reader`,
			`3: sourceRoles[1]: got "arn:aws:iam::111122223333:user/a", want the ARN of a role such as arn:aws:iam::123456789012:role/reader`,
			`4: destinationRoles[1]: got "arn:aws:iam::111122223333:role/a", want each value once, the first is in line 4`,
		}},
		{"boundary", base + "permissionsBoundary: arn:aws:iam::111122223333:role/boundary", []string{`3: permissionsBoundary: got "arn:aws:iam::111122223333:role/boundary", want a policy's ARN such as arn:aws:iam::123456789012:policy/boundary`}},

		{"functions", base + "functions:\n  architecture: x86\n  limits:\n    scna: {memoryMiB: 128}\n    scan: {memoryMiB: 127, timeoutSeconds: 901}\n    plan: {memoryMiB: 10241, timeoutSeconds: 0}", []string{
			`4: functions.architecture: got "x86", want one of arm64, x86_64, did you mean "x86_64"?`,
			`6: functions.limits.scna: unknown function, did you mean "scan"?`,
			`7: functions.limits.scan.memoryMiB: got 127, want 128 to 10240`,
			`7: functions.limits.scan.timeoutSeconds: got 901, want 1 to 900`,
			`8: functions.limits.plan.memoryMiB: got 10241, want 128 to 10240`,
			`8: functions.limits.plan.timeoutSeconds: got 0, want 1 to 900`,
		}},
		{"a scan without time for a page", base + "functions: {limits: {scan: {timeoutSeconds: 1}, plan: {timeoutSeconds: 1}}}", []string{
			`3: functions.limits.scan.timeoutSeconds: got 1, want 2 to 900: scan needs 2 s to read one page, write it and answer`,
		}},
		{"a scan with time for one page", base + "functions: {limits: {scan: {timeoutSeconds: 2, memoryMiB: 127}}}", []string{`3: functions.limits.scan.memoryMiB: got 127, want 128 to 10240`}},
		{"retention", base + "logRetentionDays: 31", []string{`3: logRetentionDays: got 31, want one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653`}},
		{"retention of no days", base + "logRetentionDays: 0", []string{`3: logRetentionDays: got 0, want one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653`}},

		{"notifications", base + "notifications:\n  topic: data-team\n  createTopic: true\n  emails: [data-team, a@b, a@example.com, a@example.com]", []string{
			`4: notifications.topic: got "data-team", want a standard topic's ARN such as arn:aws:sns:eu-west-1:123456789012:data-team; alarms cannot use a FIFO topic`,
			`5: notifications.createTopic: contradicts notifications.topic: give a topic that exists, or let the stack create one`,
			`6: notifications.emails[0]: got "data-team", want an address such as data-team@example.com`,
			`6: notifications.emails[1]: got "a@b", want an address such as data-team@example.com`,
			`6: notifications.emails[3]: got "a@example.com", want each value once, the first is in line 6`,
		}},
		{"emails of a topic that exists", base + "notifications:\n  topic: arn:aws:sns:eu-west-1:111122223333:team\n  emails: [a@example.com]", []string{`5: notifications.emails: only a topic that the stack creates has subscriptions: set notifications.createTopic to true, or leave them out`}},
		{"FIFO topic", base + "notifications: {topic: \"arn:aws:sns:eu-west-1:111122223333:team.fifo\"}", []string{`3: notifications.topic: got "arn:aws:sns:eu-west-1:111122223333:team.fifo", want a standard topic's ARN such as arn:aws:sns:eu-west-1:123456789012:data-team; alarms cannot use a FIFO topic`}},
		{"failures without a topic", base + "notifications: {onlyFailures: true}", []string{`3: notifications.onlyFailures: there is no topic to notify: give notifications.topic, or set notifications.createTopic to true`}},
		{"alarms", base + "alarms:\n  throttles: 0\n  staleHours:\n    orders: 0\n    events-1: 169\n    customers: 24\n    events-*: 24", []string{
			`4: alarms.throttles: got 0, want 1 or more`,
			`6: alarms.staleHours.orders: got 0, want 1 to 168`,
			`7: alarms.staleHours.events-1: got 169, want 1 to 168`,
			`8: alarms.staleHours.customers: is not in tables (orders, events-*)`,
			`9: alarms.staleHours."events-*": want the name of one table: not a pattern with *, and not an ARN`,
		}},
		{"tags", base + "tags:\n  aws:owner: me\n  a*b: c\n  \"\": d\n  e: \"<f>\"\n  enabled: true\n  " + strings.Repeat("k", 129) + ": " + strings.Repeat("v", 257), []string{
			`4: tags."aws:owner": want another key: AWS reserves keys that begin with aws:`,
			`5: tags."a*b": got the key "a*b", want letters, digits, spaces and _ . : / = + - @`,
			`6: tags."": got a key of 0 characters, want 1 to 128`,
			`7: tags.e: got "<f>", want letters, digits, spaces and _ . : / = + - @`,
			`8: tags.enabled: got true, want a string: put it in quotes`,
			`9: tags.kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk: got a key of 129 characters, want 1 to 128`,
			`9: tags.kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk: got a value of 257 characters, want at most 256`,
		}},
		{"tags of the stack and of IAM", base + "tags:\n  dynamodb-to-s3:version: \"2\"\n  team: a\n  Team: b", []string{
			`4: tags."dynamodb-to-s3:version": want another key: the stack has the tag dynamodb-to-s3:version with its own version`,
			`5: tags.team: want another key: it is the same as Team, because the case of a key does not count in IAM`,
		}},
		{"too many tags", base + "tags: {" + strings.Join(manyTags(50), ", ") + "}", []string{`3: tags: got 50 tags, want at most 49`}},
		{"VPC", base + "vpc: {}", []string{
			`3: vpc.id: missing: give the VPC's id, vpc-…`,
			`3: vpc.subnets: missing: name at least one subnet, subnet-…`,
			`3: vpc.securityGroups: missing: name at least one security group, sg-…`,
		}},
		{"more than Lambda connects to", base + "vpc:\n  id: vpc-0123456789abcdef0\n  subnets: [" + ids("subnet", 17) + "]\n  securityGroups: [" + ids("sg", 6) + "]", []string{
			`5: vpc.subnets: got 17 subnets, want at most 16, which is the quota of Lambda`,
			`6: vpc.securityGroups: got 6 security groups, want at most 5, which is the quota of Lambda`,
		}},
		{"more emails than a template holds", base + "notifications:\n  createTopic: true\n  emails: [" + strings.Join(manyEmails(101), ", ") + "]", []string{
			`5: notifications.emails: got 101 addresses, want at most 100: each is a resource of the template. Give the address of a mailing list, or subscribe to a topic of your own`,
		}},
		{"more than IAM attaches", base + "quotas: {managedPoliciesPerRole: 26}", []string{`3: quotas.managedPoliciesPerRole: got 26, want 10 to 25`}},
		{"a bucket with an unknown placeholder", "tables: [orders]\nbucket: {name: \"replica-{table}\"}", []string{
			`2: bucket.name: got "replica-{table}", want the name of an S3 bucket: 3 to 63 of a-z 0-9 . -, first and last a letter or digit, and of placeholders only {account} and {region}`,
		}},
		{"a bucket whose name becomes too long", "tables: [orders]\nbucket: {name: \"" + long(37) + "-{region}-{account}\"}", []string{
			`2: bucket.name: got "` + long(37) + `-{region}-{account}", which becomes "` + long(37) + `-ap-southeast-2-111122223333", want the name of an S3 bucket: 3 to 63 of a-z 0-9 . -, first and last a letter or digit`,
		}},
		{"ids of a VPC", base + "vpc:\n  id: main\n  subnets: [subnet-1, subnet-0123456789abcdef0, subnet-0123456789abcdef0]\n  securityGroups: [subnet-0123456789abcdef0]", []string{
			`4: vpc.id: got "main", want a VPC's id such as vpc-0123456789abcdef0`,
			`5: vpc.subnets[0]: got "subnet-1", want a subnet's id such as subnet-0123456789abcdef0`,
			`5: vpc.subnets[2]: got "subnet-0123456789abcdef0", want each value once, the first is in line 5`,
			`6: vpc.securityGroups[0]: got "subnet-0123456789abcdef0", want a security group's id such as sg-0123456789abcdef0`,
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			holdFaults(t, test.text, test.want)
		})
	}
}

func ids(prefix string, n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("%s-%08x", prefix, i))
	}
	return strings.Join(all, ", ")
}

func manyEmails(n int) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("a%d@example.com", i))
	}
	return all
}

func manyTags(n int) []string {
	var tags []string
	for i := range n {
		tags = append(tags, "t"+string(rune('a'+i/26))+string(rune('a'+i%26))+": v")
	}
	return tags
}

// holdFaults reads an environment called test.
func holdFaults(t *testing.T, text string, want []string) {
	t.Helper()
	_, err := parse("test.yaml", text)
	if err == nil {
		t.Fatal("the environment was accepted")
	}
	if got, want := err.Error(), "test.yaml:"+strings.Join(want, "\ntest.yaml:"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if problems, ok := errors.AsType[problem.List](err); !ok || len(problems) != len(want) {
		t.Errorf("got %d problems as data, want %d", len(problems), len(want))
	}
}

func long(n int) string { return strings.Repeat("n", n) }
