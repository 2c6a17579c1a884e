// Package environment reads the files of infra/environments, each of which says what one deployment is: strictly, with every fault
// told at once and by its line, before anything of the CDK is started.
//
// Read and Find are the ways in. It may import package request, for what a request may be, and nothing else of ours.
package environment

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Environment is one deployment of the software, as infra/environments/<name>.yaml says it: where it stands, what its functions
// may read, and where they write. Every field but Tables and Bucket.Name has a default; Read checks them all, and
// fills in the defaults. infra/environments/example.yaml shows every field.
type Environment struct {
	Name string `yaml:"-"` // the file's, without .yaml; a to z, 0 to 9 and -, 20 at most
	// Account and Region are where the stack is deployed; both, or neither: then it is wherever the credentials lead.
	Account string `yaml:"account"`
	Region  string `yaml:"region"`
	// Tables are those that may be replicated: names, or patterns of names with * in them, of the stack's own account and region,
	// and ARNs (also with *) of others.
	Tables []string `yaml:"tables"`
	// Bucket and Prefix are the destination of a request that names none. Without a prefix it is the bucket's root.
	Bucket Bucket `yaml:"bucket"`
	Prefix string `yaml:"prefix" empty:"allowed"`
	// KMSKeys are the ARNs of the keys that requests may use: kmsKeyId, export.s3SseKmsKeyId, and those that encrypt the tables'
	// or the bucket's data. Objects are encrypted with the first one by default if DefaultKMSKey says so.
	KMSKeys       []string `yaml:"kmsKeys"`
	DefaultKMSKey bool     `yaml:"defaultKmsKey"`
	// SourceRoles and DestinationRoles are the ARNs of roles of other accounts that requests may name as sourceRoleArn and
	// destinationRoleArn.
	SourceRoles      []string `yaml:"sourceRoles"`
	DestinationRoles []string `yaml:"destinationRoles"`
	// Defaults are request fields for requests that do not give them: compression, segments, export, …
	Defaults map[string]any `yaml:"defaults"`

	Functions     Functions     `yaml:"functions"`
	LogRetention  int           `yaml:"logRetentionDays"` // one of CloudWatch Logs' periods; 30
	Schedules     []Schedule    `yaml:"schedules"`
	Notifications Notifications `yaml:"notifications"`
	Alarms        Alarms        `yaml:"alarms"`
	// Tags go on every resource.
	Tags map[string]string `yaml:"tags"`
	// PermissionsBoundary is the ARN of a managed policy that bounds every role.
	PermissionsBoundary string `yaml:"permissionsBoundary"`
	VPC                 *VPC   `yaml:"vpc"`
	// Tracing turns on X-Ray for the state machine and the functions.
	Tracing bool `yaml:"tracing"`
}

// Bucket is the destination.
type Bucket struct {
	Name string `yaml:"name"`
	// Create makes the bucket with the stack, and keeps it when the stack is destroyed. Otherwise it must exist, and is not touched.
	Create bool `yaml:"create"`
	// Owner is the account that owns an existing bucket, if it is another than the stack's.
	Owner string `yaml:"owner"`
	// Versioning and AbortUploadsAfterDays (7) are of a bucket that is created.
	Versioning            bool `yaml:"versioning"`
	AbortUploadsAfterDays int  `yaml:"abortUploadsAfterDays"`
}

// Functions are what the Lambda functions get.
type Functions struct {
	Architecture string `yaml:"architecture"` // arm64 or x86_64; arm64
	// By function: plan, scan, export, finalize; what is not given is as limitsOf has it.
	Limits map[string]FunctionLimits `yaml:"limits"`
}

// FunctionLimits are what one invocation gets: 128 to 10,240 MiB, 1 to 900 seconds.
type FunctionLimits struct {
	MemoryMiB      int `yaml:"memoryMiB"`
	TimeoutSeconds int `yaml:"timeoutSeconds"`
}

// Schedule starts executions with an input, at the times of an expression of EventBridge Scheduler.
type Schedule struct {
	Name       string `yaml:"name"`       // 1 to 64 of letters, digits, - _ ., no dot first
	Expression string `yaml:"expression"` // cron(…), rate(…) or at(…)
	TimeZone   string `yaml:"timeZone"`   // UTC
	// FlexibleWindowMinutes is within how many minutes after its time it may start, 0 to 1,440; 0.
	FlexibleWindowMinutes int `yaml:"flexibleWindowMinutes"`
	// Retries (3, at most 185) and MaximumEventAgeSeconds (3,600; 60 to 86,400) are of the delivery; then it goes to the dead-letter queue.
	Retries                *int           `yaml:"retries"`
	MaximumEventAgeSeconds int            `yaml:"maximumEventAgeSeconds"`
	Disabled               bool           `yaml:"disabled"`
	Input                  map[string]any `yaml:"input"` // the request; scheduledTime and schedule are added
}

// Notifications tell of the end of each run by SNS.
type Notifications struct {
	// Topic is the ARN of a topic that exists; CreateTopic makes one. Emails are subscribed to the one that is made.
	Topic       string   `yaml:"topic"`
	CreateTopic bool     `yaml:"createTopic"`
	Emails      []string `yaml:"emails"`
	// OnlyFailures leaves out runs that end well.
	OnlyFailures bool `yaml:"onlyFailures"`
}

// Alarms go to the notifications' topic.
type Alarms struct {
	Disabled bool `yaml:"disabled"`
	// StaleHours is after how many hours without a successful run a table is stale, by table: 1 to 168.
	StaleHours map[string]int `yaml:"staleHours"`
	// Throttles is how many throttles in 5 minutes are too many; 1,000.
	Throttles int `yaml:"throttles"`
}

// VPC places the functions in subnets of one.
type VPC struct {
	ID             string   `yaml:"id"`
	Subnets        []string `yaml:"subnets"`
	SecurityGroups []string `yaml:"securityGroups"`
}

// What the reader fills in where a file says nothing.
const (
	defaultArchitecture = "arm64" // a second of it costs a fifth less than of x86_64
	defaultLogRetention = 30      // days
	defaultAbortUploads = 7       // days
	defaultTimeZone     = "UTC"
	defaultThrottles    = 1000

	defaultRetries         = 3
	defaultEventAgeSeconds = 3600
)

// WithDefaults returns the environment with a value wherever none means the default, so that nothing else in infra/ has to know
// them. A function's limits are the exception: they depend on what it does, and stand beside the functions.
func (e Environment) WithDefaults() Environment {
	if e.Bucket.Create {
		e.Bucket.AbortUploadsAfterDays = cmp.Or(e.Bucket.AbortUploadsAfterDays, defaultAbortUploads)
	}
	e.Functions.Architecture = cmp.Or(e.Functions.Architecture, defaultArchitecture)
	e.LogRetention = cmp.Or(e.LogRetention, defaultLogRetention)
	e.Schedules = slices.Clone(e.Schedules)
	for i := range e.Schedules {
		schedule := &e.Schedules[i]
		schedule.TimeZone = cmp.Or(schedule.TimeZone, defaultTimeZone)
		schedule.MaximumEventAgeSeconds = cmp.Or(schedule.MaximumEventAgeSeconds, defaultEventAgeSeconds)
		if schedule.Retries == nil {
			schedule.Retries = new(defaultRetries)
		}
	}
	e.Alarms.Throttles = cmp.Or(e.Alarms.Throttles, defaultThrottles)
	return e
}

// RequestDefaults returns the request fields that the environment sets, as the functions read them.
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

// DefaultKey is the KMS key that objects are encrypted with where a request names none; "" for the bucket's own encryption.
func (e Environment) DefaultKey() string {
	if !e.DefaultKMSKey || len(e.KMSKeys) == 0 {
		return ""
	}
	return e.KMSKeys[0]
}
