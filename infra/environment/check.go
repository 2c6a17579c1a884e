package environment

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/document"
	"dynamodb-to-s3/lambda/request"
)

// checker holds a decoded environment against what AWS allows, before anything is synthesized: most of it CloudFormation would
// find out after minutes, in the middle of a deployment, and the rest a run.
type checker struct {
	*faults
	e *Environment
}

func (c checker) check() {
	c.checkPlace()
	c.checkTables()
	c.checkBucket()
	c.checkKeysAndRoles()
	c.checkFunctions()
	c.checkRequests()
	c.checkSchedules()
	c.checkNotifications()
	c.checkAlarms()
	c.checkTags()
	c.checkVPC()
}

var (
	accountPattern = regexp.MustCompile(`^[0-9]{12}$`)
	regionPattern  = regexp.MustCompile(`^[a-z]{2,}(-[a-z]+)+-[0-9]+$`)
	// The partition is aws, aws-cn, aws-us-gov, …
	keyPattern    = regexp.MustCompile(`^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+$`)
	policyPattern = regexp.MustCompile(`^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/(?:[!-~]+/)?[a-zA-Z0-9_+=,.@-]{1,128}$`)
)

func (c checker) checkPlace() {
	switch {
	case c.given("account") && !c.given("region"):
		c.add("account", "given without region: give both, or neither to deploy wherever the credentials lead")
	case c.given("region") && !c.given("account"):
		c.add("region", "given without account: give both, or neither to deploy wherever the credentials lead")
	}
	c.match("account", c.e.Account, accountPattern, "an AWS account of 12 digits")
	c.match("region", c.e.Region, regionPattern, "an AWS region such as eu-west-1")
}

func (c checker) checkKeysAndRoles() {
	for i, key := range c.e.KMSKeys {
		path := element("kmsKeys", i)
		if strings.Contains(key, "alias/") {
			c.add(path, "got %s, want the key's own ARN: IAM cannot permit a key by its alias", quoted(key))
			continue
		}
		c.match(path, key, keyPattern, "a key's ARN such as arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab")
	}
	c.once("kmsKeys", c.e.KMSKeys)
	if c.e.DefaultKMSKey && len(c.e.KMSKeys) == 0 {
		c.add("defaultKmsKey", "is true, but kmsKeys has no key to be the default")
	}
	for field, roles := range map[string][]string{"sourceRoles": c.e.SourceRoles, "destinationRoles": c.e.DestinationRoles} {
		for i, role := range roles {
			if _, err := request.RoleAccount(role); err != nil {
				c.add(element(field, i), "%v", err)
			}
		}
		c.once(field, roles)
	}
	c.match("permissionsBoundary", c.e.PermissionsBoundary, policyPattern, "a policy's ARN such as arn:aws:iam::123456789012:policy/boundary")
}

// retentions are how many days CloudWatch Logs can keep logs.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
var retentions = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

func (c checker) checkFunctions() {
	f := c.e.Functions
	if architectures := []string{"arm64", "x86_64"}; c.given("functions.architecture") && !slices.Contains(architectures, f.Architecture) {
		c.add("functions.architecture", "got %s, allowed: %s", quoted(f.Architecture), strings.Join(architectures, ", "))
	}
	var known []string
	for _, function := range contract.Functions() {
		known = append(known, string(function))
	}
	for name, limits := range f.Limits {
		path := join("functions.limits", name)
		if !slices.Contains(known, name) {
			c.add(path, "unknown function%s; allowed: %s", document.Suggestion(name, known), strings.Join(known, ", "))
			continue
		}
		// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
		c.within(path+".memoryMiB", limits.MemoryMiB, 128, 10_240)
		c.within(path+".timeoutSeconds", limits.TimeoutSeconds, 1, 900)
	}
	if c.given("logRetentionDays") && !slices.Contains(retentions, c.e.LogRetention) {
		c.add("logRetentionDays", "got %d, allowed: %s", c.e.LogRetention, listed(retentions))
	}
}

func (c checker) required(path, value, words string) {
	if value == "" {
		c.add(path, "missing: %s", words)
	}
}

func (c checker) match(path, value string, pattern *regexp.Regexp, want string) {
	if c.given(path) && !pattern.MatchString(value) {
		c.add(path, "got %s, want %s", quoted(value), want)
	}
}

func (c checker) within(path string, value, low, high int) {
	if c.given(path) && (value < low || value > high) {
		c.add(path, "got %d, allowed: %d to %d", value, low, high)
	}
}

// once tells the elements of a list that it has already.
func (c checker) once(path string, list []string) {
	for i, each := range list {
		if first := slices.Index(list, each); first < i && each != "" {
			c.add(element(path, i), "got %s again, first in line %d", quoted(each), c.line(element(path, first)))
		}
	}
}

func listed(numbers []int) string {
	var texts []string
	for _, each := range numbers {
		texts = append(texts, strconv.Itoa(each))
	}
	return strings.Join(texts, ", ")
}
