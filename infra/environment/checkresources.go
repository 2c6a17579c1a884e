package environment

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"dynamodb-to-s3/lambda/document"
	"dynamodb-to-s3/lambda/lazyregexp"
	"dynamodb-to-s3/lambda/problem"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/version"
)

// reservedPrefix begins the names of the buckets in S3's own examples. No bucket can be created with it.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
const reservedPrefix = "amzn-s3-demo-"

const leastAbortUploads, mostAbortUploads = 7, 365 // days

// checkBucket does not check the form of the name: checkRequests does, with request.Parse.
func (c checker) checkBucket() {
	b := c.e.Bucket
	if b.Create {
		if strings.HasPrefix(b.Name, reservedPrefix) {
			c.Add("bucket.name", problem.Quote(b.Name), "a name that does not begin with %s: S3 does not create such a bucket", reservedPrefix)
		}
		if c.Given("bucket.owner") {
			c.AddGiven("bucket.owner", "contradicts bucket.create: the stack's account owns a bucket that the stack creates")
		}
	} else if c.Understood("bucket.create") {
		for _, field := range []string{"bucket.versioning", "bucket.abortUploadsAfterDays"} {
			if c.Given(field) {
				c.AddGiven(field, "only for a bucket that the stack creates: leave it out, or set bucket.create to true")
			}
		}
	}
	c.hold("bucket.owner", b.Owner, request.RuleOf("bucketOwner"))
	if days := b.AbortUploadsAfterDays; days > 0 && days < leastAbortUploads {
		c.Add("bucket.abortUploadsAfterDays", strconv.Itoa(days), "%d to %d: a run needs its uploads until it commits, also if it waits for a redrive", leastAbortUploads, mostAbortUploads)
		return
	}
	c.within("bucket.abortUploadsAfterDays", b.AbortUploadsAfterDays, leastAbortUploads, mostAbortUploads)
}

// CloudFormation allows 50 tags, and the stack adds one with the version.
// https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html#id_tags_naming_best_practices
const (
	maxTags     = 49
	maxTagKey   = 128
	maxTagValue = 256
)

var tagPattern = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)

func (c checker) checkTags() {
	if n := len(c.e.Tags); n > maxTags {
		c.Add("tags", fmt.Sprintf("%d tags", n), "at most %d", maxTags)
	}
	const characters = "letters, digits, spaces and _ . : / = + - @"
	// IAM refuses two keys that differ in their case alone.
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#id_tags_rules_creating
	first := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(c.e.Tags)) {
		value, path := c.e.Tags[key], document.Join("tags", key)
		before, taken := first[strings.ToLower(key)]
		first[strings.ToLower(key)] = key
		switch {
		case strings.EqualFold(key, version.Tag):
			c.Add(path, "", "want another key: the stack has the tag %s with its own version", version.Tag)
		case taken:
			c.Add(path, "", "want another key: it is the same as %s, because the case of a key does not count in IAM", before)
		case key == "" || len([]rune(key)) > maxTagKey:
			c.Add(path, fmt.Sprintf("a key of %d characters", len([]rune(key))), "1 to %d", maxTagKey)
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			c.Add(path, "", "want another key: AWS reserves keys that begin with aws:")
		case !tagPattern.MatchString(key):
			c.Add(path, "the key "+problem.Quote(key), characters)
		}
		switch {
		case len([]rune(value)) > maxTagValue:
			c.Add(path, fmt.Sprintf("a value of %d characters", len([]rune(value))), "at most %d", maxTagValue)
		case !tagPattern.MatchString(value):
			c.Add(path, problem.Quote(value), characters)
		}
	}
}

func (c checker) checkVPC() {
	vpc := c.e.VPC
	if vpc == nil {
		return
	}
	id := func(prefix string) func() *regexp.Regexp {
		return lazyregexp.New(`^` + prefix + `-([0-9a-f]{8}|[0-9a-f]{17})$`)
	}
	c.required("vpc.id", vpc.ID, "give the VPC's id, vpc-…")
	c.match("vpc.id", vpc.ID, id("vpc"), "a VPC's id such as vpc-0123456789abcdef0")
	// https://docs.aws.amazon.com/lambda/latest/api/API_VpcConfig.html
	for _, list := range []struct {
		path, prefix, what string
		most               int
		ids                []string
	}{
		{"vpc.subnets", "subnet", "subnet", 16, vpc.Subnets},
		{"vpc.securityGroups", "sg", "security group", 5, vpc.SecurityGroups},
	} {
		if n := len(list.ids); n > list.most {
			c.Add(list.path, fmt.Sprintf("%d %ss", n, list.what), "at most %d, which is the quota of Lambda", list.most)
		}
		if len(list.ids) == 0 {
			c.Add(list.path, "", "missing: name at least one %s, %s-…", list.what, list.prefix)
		}
		for i, each := range list.ids {
			c.match(document.Element(list.path, i), each, id(list.prefix), "a "+list.what+"'s id such as "+list.prefix+"-0123456789abcdef0")
		}
		c.once(list.path, list.ids)
	}
}
