package version_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/version"
)

// The pattern is that of https://semver.org, without build metadata: the version goes into a tag of Git.
func TestVersionIsSemantic(t *testing.T) {
	t.Parallel()
	semantic := regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?$`)
	if !semantic.MatchString(version.Number) {
		t.Errorf("%q is not a semantic version", version.Number)
	}
}

func TestChangelogHasTheVersion(t *testing.T) {
	t.Parallel()
	changelog, err := os.ReadFile("../../CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	_, sections, _ := strings.Cut(string(changelog), "\n## ")
	title, _, _ := strings.Cut(sections, "\n")
	released := regexp.MustCompile(`^` + regexp.QuoteMeta(version.Number) + ` \(\d{4}-\d{2}-\d{2}\)$`)
	if title != "Unreleased" && !released.MatchString(title) {
		t.Errorf("the first section of CHANGELOG.md is %q, want Unreleased or %s with the date of its release", title, version.Number)
	}
}
