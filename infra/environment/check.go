package environment

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/document"
	"dynamodb-to-s3/lambda/lazyregexp"
	"dynamodb-to-s3/lambda/partition"
	"dynamodb-to-s3/lambda/price"
	"dynamodb-to-s3/lambda/problem"
	"dynamodb-to-s3/lambda/quota"
	"dynamodb-to-s3/lambda/request"
)

// checker checks a decoded environment before anything is synthesized. CloudFormation would find most of these problems minutes later, in
// the middle of a deployment, and a run would find the others.
type checker struct {
	*document.Report
	e *Environment
}

func (c checker) check() {
	c.checkPlace()
	c.checkTables()
	c.checkBucket()
	c.checkKeysAndRoles()
	c.checkCatalog()
	c.checkRetention()
	price.Check(c.e.Prices, "prices", c.Report)
	c.checkFunctions()
	c.checkRequests()
	c.checkSchedules()
	c.checkChains()
	c.checkNotifications()
	c.checkAlarms()
	c.checkTags()
	c.checkVPC()
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
	c.within("quotas.managedPoliciesPerRole", c.e.Quotas.ManagedPoliciesPerRole, 10, 25)
	c.checkPartitions()
}

const keyForm = "a key's ARN such as arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"

var (
	// The partition is aws, aws-cn, aws-us-gov, …
	keyPattern    = lazyregexp.New(`^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+$`)
	policyPattern = lazyregexp.New(`^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/(?:[!-~]+/)?[a-zA-Z0-9_+=,.@-]{1,128}$`)
)

func (c checker) checkPlace() {
	switch {
	case c.Given("account") && !c.Given("region"):
		c.AddGiven("account", "given without region: give both, or neither to deploy into the account and region of the credentials")
	case c.Given("region") && !c.Given("account"):
		c.AddGiven("region", "given without account: give both, or neither to deploy into the account and region of the credentials")
	}
	c.hold("account", c.e.Account, request.RuleOf("bucketOwner"))
	if wrong := partition.CheckRegion(c.e.Region); wrong != "" && c.Given("region") {
		c.Add("region", problem.Quote(c.e.Region), "%s", wrong)
	}
}

func (c checker) checkKeysAndRoles() {
	for i, key := range c.e.KMSKeys {
		path := document.Element("kmsKeys", i)
		if strings.Contains(key, "alias/") {
			c.Add(path, problem.Quote(key), "the key's own ARN: IAM cannot permit a key by its alias")
			continue
		}
		c.match(path, key, keyPattern, keyForm)
	}
	c.once("kmsKeys", c.e.KMSKeys)
	if strings.Contains(c.e.CustomerManagedKey, "alias/") {
		c.Add("customerManagedKey", problem.Quote(c.e.CustomerManagedKey), "the key's own ARN: IAM cannot permit a key by its alias")
	} else {
		c.match("customerManagedKey", c.e.CustomerManagedKey, keyPattern, keyForm)
	}
	if c.e.DefaultKMSKey && len(c.e.KMSKeys) == 0 && c.Understood("kmsKeys") {
		c.Add("defaultKmsKey", "", "is true, but kmsKeys has no key to be the default")
	}
	for field, roles := range map[string][]string{"sourceRoles": c.e.SourceRoles, "destinationRoles": c.e.DestinationRoles} {
		for i, role := range roles {
			c.hold(document.Element(field, i), role, request.RuleOf("sourceRoleArn"))
		}
		c.once(field, roles)
	}
	c.match("permissionsBoundary", c.e.PermissionsBoundary, policyPattern, "a policy's ARN such as arn:aws:iam::123456789012:policy/boundary")
}

// retentions are the numbers of days for which CloudWatch Logs can keep logs.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
var retentions = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

func (c checker) checkFunctions() {
	f := c.e.Functions
	c.hold("functions.architecture", f.Architecture, request.Rule{Enum: []string{"arm64", "x86_64"}})
	var known []string
	for _, function := range contract.Functions() {
		known = append(known, string(function))
	}
	for name, limits := range f.Limits {
		path := document.Join("functions.limits", name)
		if !slices.Contains(known, name) {
			c.Add(path, "", "unknown function%s", document.Alternatives(name, known))
			continue
		}
		// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
		c.within(path+".memoryMiB", limits.MemoryMiB, 128, 10_240)
		if least := int(quota.LeastScanTimeout.Seconds()); contract.Function(name) == contract.FunctionScan && limits.TimeoutSeconds == least-1 {
			c.Add(path+".timeoutSeconds", strconv.Itoa(limits.TimeoutSeconds), "%d to 900: scan needs %d s to read one page, write it and answer", least, least)
			continue
		}
		c.within(path+".timeoutSeconds", limits.TimeoutSeconds, 1, 900)
	}
	if c.Given("logRetentionDays") && !slices.Contains(retentions, c.e.LogRetention) {
		c.Add("logRetentionDays", strconv.Itoa(c.e.LogRetention), "one of %s", strings.Trim(strings.ReplaceAll(fmt.Sprint(retentions), " ", ", "), "[]"))
	}
}

func (c checker) required(path, value, instruction string) {
	if value == "" {
		c.Add(path, "", "missing: %s", instruction)
	}
}

// hold adds a problem if a value is given that a rule does not allow.
func (c checker) hold(path string, value any, rule request.Rule) {
	if got, want := rule.Check(value); want != "" && c.Given(path) {
		c.Add(path, got, "%s", want)
	}
}

func (c checker) match(path, value string, pattern func() *regexp.Regexp, want string) {
	c.hold(path, value, request.Rule{Pattern: pattern, Form: want})
}

func (c checker) within(path string, value, low, high int) {
	c.hold(path, value, request.Rule{Min: float64(low), Max: float64(high)})
}

// once adds a problem for each element of a list that is there again.
func (c checker) once(path string, list []string) {
	c.onceAs(path, list, func(each string) string { return each })
}

// onceAs is once for elements that are the same if of is.
func (c checker) onceAs(path string, list []string, of func(string) string) {
	first := map[string]string{}
	for i, each := range list {
		own := document.Element(path, i)
		if before, taken := first[of(each)]; taken && each != "" {
			c.again(own, each, before)
		} else {
			first[of(each)] = own
		}
	}
}

func (c checker) again(path, value, first string) {
	c.Add(path, problem.Quote(value), "each value once, the first is in line %d", c.Line(first))
}
