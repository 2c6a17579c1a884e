// Package version holds the name and the version of this software. It imports nothing.
package version

// Name is the name of this software.
const Name = "dynamodb-to-s3"

// Tag is the key of the tag that a deployed stack has with its version.
const Tag = Name + ":version"

// Number is the version, as in CHANGELOG.md, without a v. A release changes it here and nowhere else.
const Number = "0.1.0"
