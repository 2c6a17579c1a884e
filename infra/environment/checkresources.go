package environment

import (
	"regexp"
	"strings"
)

// reservedPrefix is what S3's own examples are called, and no bucket that is created may be.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
const reservedPrefix = "amzn-s3-demo-"

// checkBucket leaves the name's form to request.Parse, as checkRequests has it.
func (c checker) checkBucket() {
	b := c.e.Bucket
	if b.Create {
		if strings.HasPrefix(b.Name, reservedPrefix) {
			c.add("bucket.name", "got %s, but S3 creates no bucket whose name begins with %s", quoted(b.Name), reservedPrefix)
		}
		if c.given("bucket.owner") {
			c.add("bucket.owner", "contradicts bucket.create: a bucket that the stack makes is its own account's")
		}
	} else {
		for _, field := range []string{"bucket.versioning", "bucket.abortUploadsAfterDays"} {
			if c.given(field) {
				c.add(field, "is of a bucket that the stack makes: leave it out, or set bucket.create to true")
			}
		}
	}
	c.match("bucket.owner", b.Owner, accountPattern, "an AWS account of 12 digits")
	c.within("bucket.abortUploadsAfterDays", b.AbortUploadsAfterDays, 1, 365)
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
		c.add("tags", "got %d, allowed are at most %d", n, maxTags)
	}
	const characters = "allowed are letters, digits, spaces and _ . : / = + - @"
	for key, value := range c.e.Tags {
		path := join("tags", key)
		switch {
		case key == "" || len([]rune(key)) > maxTagKey:
			c.add(path, "the key has %d characters, allowed: 1 to %d", len([]rune(key)), maxTagKey)
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			c.add(path, "keys that begin with aws: are AWS's own")
		case !tagPattern.MatchString(key):
			c.add(path, "got the key %s, %s", quoted(key), characters)
		}
		switch {
		case len([]rune(value)) > maxTagValue:
			c.add(path, "the value has %d characters, allowed are at most %d", len([]rune(value)), maxTagValue)
		case !tagPattern.MatchString(value):
			c.add(path, "got %s, %s", quoted(value), characters)
		}
	}
}

func (c checker) checkVPC() {
	vpc := c.e.VPC
	if vpc == nil {
		return
	}
	id := func(prefix string) *regexp.Regexp {
		return regexp.MustCompile(`^` + prefix + `-([0-9a-f]{8}|[0-9a-f]{17})$`)
	}
	c.required("vpc.id", vpc.ID, "give the VPC's id, vpc-…")
	c.match("vpc.id", vpc.ID, id("vpc"), "a VPC's id such as vpc-0123456789abcdef0")
	for _, list := range []struct {
		path, prefix, what string
		ids                []string
	}{
		{"vpc.subnets", "subnet", "subnet", vpc.Subnets},
		{"vpc.securityGroups", "sg", "security group", vpc.SecurityGroups},
	} {
		if len(list.ids) == 0 {
			c.add(list.path, "missing: name at least one %s, %s-…", list.what, list.prefix)
		}
		for i, each := range list.ids {
			c.match(element(list.path, i), each, id(list.prefix), "a "+list.what+"'s id such as "+list.prefix+"-0123456789abcdef0")
		}
		c.once(list.path, list.ids)
	}
}
