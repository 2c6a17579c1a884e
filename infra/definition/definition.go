// Package definition holds the definition of the state machine in the Amazon States Language, as infra/ synthesizes it. Its
// function ARNs are placeholders of the form arn:aws:lambda:us-east-1:000000000000:function:<function>.
//
// A test of infra/ keeps it up to date; `go test ./infra -update` writes it again. Code that needs only the definition, such as
// cmd/, imports this package and needs no CDK. It imports the standard library only.
package definition

import _ "embed"

// JSON is the definition, indented.
//
//go:embed definition.asl.json
var JSON []byte
