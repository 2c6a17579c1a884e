// Package version holds the version of this software. It imports nothing.
package version

// Number is the version, as in CHANGELOG.md, without a v. A release changes it here and nowhere else.
const Number = "0.1.0"
