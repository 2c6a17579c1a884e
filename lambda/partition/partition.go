// Package partition knows the partitions of AWS, such as aws and aws-cn, and their regions, as the pinned version of the AWS SDK does. The
// SDK's own table is internal to it; make generate copies it.
//
// It may import document and lazyregexp.
package partition

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/document"
)

type partition struct {
	id string
	// pattern matches the regions of the partition, also those that AWS opens later.
	pattern func() *regexp.Regexp
	regions []string
}

// Of returns the partition of a region, also of one that the SDK does not list if its name has the form of the partition's regions. It
// returns "" for any other name, such as that of a local server's region.
func Of(region string) string {
	for _, p := range partitions {
		if slices.Contains(p.regions, region) || p.pattern().MatchString(region) {
			return p.id
		}
	}
	return ""
}

// CheckRegion says what is wrong with the name of a region; "" means nothing.
func CheckRegion(region string) string {
	var all []string
	for _, p := range partitions {
		if slices.Contains(p.regions, region) {
			return ""
		}
		all = append(all, p.regions...)
	}
	name := strings.TrimSuffix(strings.TrimPrefix(region, "fips-"), "-fips")
	switch near := document.Suggestion(region, all); {
	case strings.HasSuffix(region, "-global"), name != region:
		if !slices.Contains(all, name) {
			name = "us-east-1"
		}
		return "an AWS region such as " + name + ": this is the name of endpoints, which the SDK chooses by itself"
	case near == "" && Of(region) == "":
		return "an AWS region such as eu-west-1"
	case Of(region) == "":
		return "an AWS region" + near
	default: // it may be new
		return fmt.Sprintf("an AWS region that the AWS SDK for Go %s knows%s If AWS has opened this one since, raise the version of aws-sdk-go-v2 and run make generate",
			sdkVersion, cmp.Or(near, "."))
	}
}

// CheckARN says what is wrong with the partition and the region of an ARN; "" means nothing. It does not look at the rest.
func CheckARN(arn string) string {
	id, region := Place(arn)
	var ids []string
	for _, p := range partitions {
		ids = append(ids, p.id)
	}
	switch {
	case !slices.Contains(ids, id):
		return "the ARN of one of the partitions " + strings.Join(ids, ", ")
	case region == "": // IAM has no regions
		return ""
	}
	if wrong := CheckRegion(region); wrong != "" {
		return "an ARN with " + wrong
	}
	if own := Of(region); own != id {
		return fmt.Sprintf("an ARN with arn:%s, the partition of region %s", own, region)
	}
	return ""
}

// Place returns the partition and the region of an ARN. The region is "" if the ARN has none. Both are "" for any other text.
func Place(arn string) (id, region string) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" {
		return "", ""
	}
	return parts[1], parts[3]
}
