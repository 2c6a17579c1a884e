package request

import (
	"strings"

	"dynamodb-to-s3/lambda/document"
	"dynamodb-to-s3/lambda/lazyregexp"
	"dynamodb-to-s3/lambda/problem"
)

var ipAddress = lazyregexp.New(`^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$`)

// otherNames are how names begin or end that S3 reserves, for example for the aliases of access points. A run could write to an alias, but
// the functions have no permission for it, and the manifests would name it.
var otherNames = struct{ prefixes, suffixes []string }{
	[]string{"xn--", "sthree-"}, []string{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"},
}

func checkBucket(name string, found *document.Report) {
	switch {
	case name == "":
		found.Add("bucket", "", "missing: give the bucket to write to")
	case strings.HasPrefix(name, "s3://"):
		found.Add("bucket", "", "leave out s3://, and give a prefix in the field prefix")
	case ipAddress().MatchString(name), strings.Contains(name, ".."):
		found.Add("bucket", problem.Quote(name), "a name that is not an IP address and has no two dots together")
	}
	for _, prefix := range otherNames.prefixes {
		if strings.HasPrefix(name, prefix) {
			found.Add("bucket", problem.Quote(name), "a name that does not begin with %s: S3 reserves it", prefix)
		}
	}
	for _, suffix := range otherNames.suffixes {
		if strings.HasSuffix(name, suffix) {
			found.Add("bucket", problem.Quote(name), "the name of a general purpose bucket, which does not end with %s", suffix)
		}
	}
}
