// Package environment reads the files of infra/environments. Each file describes one deployment. The package is strict and reports every
// problem of a file at once, with its line, before the CDK starts.
//
// Begin with Read and Find. Of this module it may import contract, document, partition, price, problem, request, run and version.
package environment

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"dynamodb-to-s3/lambda/run"
)

// Environment is the content of infra/environments/<name>.yaml: one deployment, the tables that its functions may read, and the bucket
// that they write to. Every field except Tables and Bucket.Name has a default. Read checks every field and fills in the defaults.
// infra/environments/example.yaml shows every field.
type Environment struct {
	Name string `json:"-"` // the name of the file without .yaml: 1 to 20 of a-z, 0-9 and -
	// Account and Region are where the stack is deployed. Both are given, or neither: then the credentials decide.
	Account string `json:"account"`
	Region  string `json:"region"`
	// Tables are the tables that requests may name: names and patterns with * for the stack's own account and region, and ARNs, also
	// with *, for others.
	Tables []string `json:"tables"`
	// Bucket is the destination of all runs. Prefix is the default of requests; "" is the root of the bucket.
	Bucket Bucket `json:"bucket"`
	Prefix string `json:"prefix" empty:"allowed"`
	// KMSKeys are the ARNs of the keys that requests may name, as kmsKeyId or export.s3SseKmsKeyId, and of the keys that encrypt the
	// tables or the bucket. If DefaultKMSKey is true, the first one encrypts the objects of requests that name no key.
	KMSKeys       []string `json:"kmsKeys"`
	DefaultKMSKey bool     `json:"defaultKmsKey"`
	// CustomerManagedKey is the ARN of the KMS key that encrypts the state machines' data and the logs. By default, AWS owns the key.
	CustomerManagedKey string `json:"customerManagedKey"`
	// SourceRoles and DestinationRoles are the ARNs of roles of other accounts that requests may name as sourceRoleArn and
	// destinationRoleArn.
	SourceRoles      []string `json:"sourceRoles"`
	DestinationRoles []string `json:"destinationRoles"`
	// Defaults are values for request fields that a request does not give: compression, segments, export, …
	Defaults map[string]any `json:"defaults"`

	// Catalog is the Glue database whose tables show the runs; nil if no table shows them.
	Catalog *Catalog `json:"catalog"`
	// Retention says which runs are kept; nil if all are.
	Retention *Retention `json:"retention"`

	// Prices are the prices that differ from those of us-east-1, by the names of package price. Estimates, maxDollars and the dashboard
	// compute with them.
	Prices  map[string]float64 `json:"prices"`
	Explain Explain            `json:"explain"`

	Functions     Functions     `json:"functions"`
	LogRetention  int           `json:"logRetentionDays"` // one of the periods of CloudWatch Logs; default 30
	Schedules     []Schedule    `json:"schedules"`
	Notifications Notifications `json:"notifications"`
	Alarms        Alarms        `json:"alarms"`
	// Tags are added to every resource.
	Tags map[string]string `json:"tags"`
	// PermissionsBoundary is the ARN of the managed policy that is the boundary of every role.
	PermissionsBoundary string `json:"permissionsBoundary"`
	VPC                 *VPC   `json:"vpc"`
	// Tracing turns on X-Ray for the state machine and the functions.
	Tracing bool   `json:"tracing"`
	Quotas  Quotas `json:"quotas"`
}

// Bucket is the destination of all runs.
type Bucket struct {
	Name string `json:"name"` // with {account} and {region} for those of the stack
	// Create adds the bucket to the stack. It stays when the stack is destroyed. Without Create the bucket must exist, and the stack
	// does not change it.
	Create bool `json:"create"`
	// Owner is the account that owns an existing bucket, if it is not the account of the stack.
	Owner string `json:"owner"`
	// Versioning and AbortUploadsAfterDays, 7 to 365 (default 21), are for a bucket that the stack creates. A run needs its uploads until
	// it commits.
	Versioning            bool `json:"versioning"`
	AbortUploadsAfterDays int  `json:"abortUploadsAfterDays"`
}

// Catalog is the Glue database of the stack's account and region that has the tables of the runs.
type Catalog struct {
	Database string `json:"database"` // 1 to 255 of a-z, 0-9 and _
	// Create adds the database to the stack. It stays when the stack is destroyed. Without Create the database must exist.
	Create bool `json:"create"`
}

// Retention says which committed runs of a table stay. At least one of KeepRuns and KeepDays is given. If both are, a run stays that either keeps.
type Retention struct {
	KeepRuns int `json:"keepRuns"` // the number of the newest runs, at least 1
	KeepDays int `json:"keepDays"` // the number of days for which a run stays, at least 1
	// DryRun removes nothing: the results say what would be removed.
	DryRun bool `json:"dryRun"`
	// Tables are the names of the tables, and patterns with *, to which the retention applies. Default: all.
	Tables []string `json:"tables"`
}

// Rule returns the retention as the functions read it.
func (r Retention) Rule() run.RetentionRule {
	return run.RetentionRule{Retention: run.Retention{KeepRuns: r.KeepRuns, KeepDays: r.KeepDays, DryRun: r.DryRun}, Tables: r.Tables}
}

// Explain is what the estimate of a run may use.
type Explain struct {
	// Metrics lets the function plan read CloudWatch's metrics of the table, for what others consume of its capacity; default true.
	Metrics *bool `json:"metrics"`
}

// Functions are the settings of the Lambda functions.
type Functions struct {
	Architecture string `json:"architecture"` // arm64 (default) or x86_64
	// By function: plan, scan, export, columns, convert, finalize, catalog, prune. Package infra has the defaults.
	Limits map[string]FunctionLimits `json:"limits"`
}

// FunctionLimits are the memory, 128 to 10,240 MiB, and the time, 1 to 900 seconds, of one invocation.
type FunctionLimits struct {
	MemoryMiB      int `json:"memoryMiB"`
	TimeoutSeconds int `json:"timeoutSeconds"`
}

// Schedule starts executions with an input, at the times of a schedule expression of EventBridge Scheduler.
type Schedule struct {
	Name       string `json:"name"`       // 1 to 64 letters, digits, - _ and ., not beginning with a dot
	Expression string `json:"expression"` // cron(…), rate(…) or at(…)
	TimeZone   string `json:"timeZone"`   // default UTC
	// FlexibleWindowMinutes is the time after the scheduled time within which the run starts, 0 (default) to 1,440.
	FlexibleWindowMinutes int `json:"flexibleWindowMinutes"`
	// Retries (default 3, at most 185) and MaximumEventAgeSeconds (default 3,600, 60 to 86,400) limit the delivery of a firing. Then it
	// goes to the dead-letter queue.
	Retries                *int           `json:"retries"`
	MaximumEventAgeSeconds int            `json:"maximumEventAgeSeconds"`
	Disabled               bool           `json:"disabled"`
	Input                  map[string]any `json:"input"` // the request; schedule and scheduledTime are added to it
	// Tables, if they are given, take the place of the table in Input: WithDefaults makes one schedule for each.
	Tables []string `json:"tables"`
}

// Notifications are SNS messages about the end of each run.
type Notifications struct {
	// Topic is the ARN of an existing topic. CreateTopic adds a topic to the stack, and Emails subscribe to it.
	Topic       string   `json:"topic"`
	CreateTopic bool     `json:"createTopic"`
	Emails      []string `json:"emails"`
	// OnlyFailures leaves out successful runs.
	OnlyFailures bool `json:"onlyFailures"`
}

// Alarms notify the topic of Notifications.
type Alarms struct {
	Disabled bool `json:"disabled"`
	// StaleHours is, by table, the number of hours without a successful run after which the table is stale: 1 to 168.
	StaleHours map[string]int `json:"staleHours"`
	// Throttles is the number of throttled requests within 5 minutes that raises an alarm; default 1,000.
	Throttles int `json:"throttles"`
}

// VPC is where the functions run.
type VPC struct {
	ID             string   `json:"id"`
	Subnets        []string `json:"subnets"`
	SecurityGroups []string `json:"securityGroups"`
}

// Quotas are quotas of the account that AWS has raised. The default is AWS's.
type Quotas struct {
	// ManagedPoliciesPerRole is the number of managed policies that IAM attaches to a role: 10 (default) to 25.
	ManagedPoliciesPerRole int `json:"managedPoliciesPerRole"`
}

// The defaults that WithDefaults fills in.
const (
	defaultArchitecture = "arm64" // it costs a fifth less than x86_64
	defaultLogRetention = 30      // days
	defaultAbortUploads = 21      // days: a run of a week, and the 14 days in which Step Functions can redrive it
	defaultTimeZone     = "UTC"
	defaultThrottles    = 1000

	defaultManagedPolicies = 10

	defaultRetries         = 3
	defaultEventAgeSeconds = 3600
)

// WithDefaults returns the environment with its defaults filled in, so that nothing else in infra/ has to know them. The limits of the
// functions are an exception: their defaults are in package infra, beside the functions.
func (e Environment) WithDefaults() Environment {
	if e.Bucket.Create {
		e.Bucket.AbortUploadsAfterDays = cmp.Or(e.Bucket.AbortUploadsAfterDays, defaultAbortUploads)
	}
	if e.Explain.Metrics == nil {
		e.Explain.Metrics = new(true)
	}
	e.Functions.Architecture = cmp.Or(e.Functions.Architecture, defaultArchitecture)
	e.LogRetention = cmp.Or(e.LogRetention, defaultLogRetention)
	e.Schedules = e.expanded()
	for i := range e.Schedules {
		schedule := &e.Schedules[i]
		schedule.TimeZone = cmp.Or(schedule.TimeZone, defaultTimeZone)
		schedule.MaximumEventAgeSeconds = cmp.Or(schedule.MaximumEventAgeSeconds, defaultEventAgeSeconds)
		if schedule.Retries == nil {
			schedule.Retries = new(defaultRetries)
		}
	}
	e.Quotas.ManagedPoliciesPerRole = cmp.Or(e.Quotas.ManagedPoliciesPerRole, defaultManagedPolicies)
	e.Alarms.Throttles = cmp.Or(e.Alarms.Throttles, defaultThrottles)
	return e
}

// At returns the environment of a stack in an account and a region, which can be tokens: they take the place of {account} and {region} in
// the name of the bucket. Names of buckets are global, so an environment that is deployed in several places needs several.
func (e Environment) At(account, region string) Environment {
	e.Bucket.Name = strings.NewReplacer("{account}", account, "{region}", region).Replace(e.Bucket.Name)
	return e
}

// RequestDefaults returns the request fields that the environment sets, as the JSON that the functions read.
func (e Environment) RequestDefaults() string {
	fields := maps.Clone(e.Defaults)
	if fields == nil {
		fields = map[string]any{}
	}
	for field, value := range map[string]string{
		"bucket": e.Bucket.Name, "prefix": e.Prefix, "bucketOwner": e.Bucket.Owner, "kmsKeyId": e.DefaultKey(),
	} {
		if value != "" {
			fields[field] = value
		}
	}
	text, err := json.Marshal(fields)
	if err != nil {
		panic(fmt.Sprintf("internal error: request fields do not marshal: %v", err))
	}
	return string(text)
}

// DefaultKey is the KMS key that encrypts objects if a request names no key; "" is the encryption of the bucket.
func (e Environment) DefaultKey() string {
	if !e.DefaultKMSKey || len(e.KMSKeys) == 0 {
		return ""
	}
	return e.KMSKeys[0]
}
