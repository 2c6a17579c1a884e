package request

import (
	"regexp"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/failure"
)

// bucketName is S3's rule for general purpose buckets.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
var (
	bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	ipAddress  = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$`)
)

// otherNames are what names begin or end with that S3 gives to something else than a bucket, such as the alias of an access point:
// it would be written to, but the functions are not permitted it, and the manifests would name it.
var otherNames = struct{ prefixes, suffixes []string }{
	[]string{"xn--", "sthree-"}, []string{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"},
}

func checkBucket(name string, found *failure.Problems) {
	const form = "want the name of an S3 bucket: 3 to 63 of a-z 0-9 . -, first and last a letter or digit"
	switch {
	case name == "":
		found.Add("bucket", "missing: give the bucket to write to")
	case strings.HasPrefix(name, "s3://"):
		found.Add("bucket", "got %s, %s; a prefix is a field of its own", failure.Quote(name), form)
	case !bucketName.MatchString(name), ipAddress.MatchString(name), strings.Contains(name, ".."):
		found.Add("bucket", "got %s, %s", failure.Quote(name), form)
	}
	for _, prefix := range otherNames.prefixes {
		if strings.HasPrefix(name, prefix) {
			found.Add("bucket", "got %s, but no bucket's name begins with %s", failure.Quote(name), prefix)
		}
	}
	if i := slices.IndexFunc(otherNames.suffixes, func(suffix string) bool { return strings.HasSuffix(name, suffix) }); i >= 0 {
		found.Add("bucket", "got %s, but what ends with %s is no general purpose bucket: give the bucket's own name", failure.Quote(name), otherNames.suffixes[i])
	}
}

// kmsKey is what KMS takes for a key: its id, its ARN, an alias, or an alias's ARN. It becomes a header.
// https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id
var kmsKey = regexp.MustCompile(`^(?:arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+|[a-zA-Z0-9-]+|(?:arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:)?alias/[a-zA-Z0-9/_-]+)$`)

func checkKey(field, key string, found *failure.Problems) {
	switch {
	case len(key) > maxKMSKeyID:
		found.Add(field, "has %d bytes, allowed are at most %d", len(key), maxKMSKeyID)
	case key != "" && !kmsKey.MatchString(key):
		found.Add(field, "got %s, want a KMS key: its id, its ARN such as arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab, or an alias such as alias/lake",
			failure.Quote(key))
	}
}
