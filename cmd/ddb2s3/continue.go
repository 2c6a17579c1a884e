package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"

	"github.com/spf13/pflag"
)

// final are the failures that the same request under the same name does not mend. Their causes say what to do instead.
var final = []failure.Name{
	failure.TableReplaced, failure.RunNameTaken, failure.ListsInconsistent, failure.UploadGone, failure.ExportConflict,
	failure.InvalidRequest, failure.ScanRefused, failure.ItemNotEncodable, failure.TransformFailed, failure.TooManyParts,
}

// continuation says how a run that did not end can continue, or why it cannot. It is "" if the run has not begun, or if failed, the name of
// its failure, is final.
func (v *runVerb) continuation(s *services, planned *run.PlanOutput, failed failure.Name) string {
	another := "Start a new run with the same command."
	if v.named {
		another = "Start a new run with another --name."
	}
	sameName := "use the same name"
	if s.ownDynamoDB && v.own.file == "-" {
		sameName += ", and the same items on standard input"
	}
	switch {
	case planned == nil || planned.Committed || planned.Duplicate != nil || slices.Contains(final, failed):
		return ""
	case s.exports != nil:
		return "This run cannot continue: this program made its exports, which end with it. " + another + "\n"
	case failed != "":
		return "To continue this run when you have corrected the cause, " + sameName + ":\n  " + v.commandLine(s.ownDynamoDB) + "\n"
	default:
		return "To continue this run, " + sameName + ":\n  " + v.commandLine(s.ownDynamoDB) + "\n"
	}
}

// commandLine returns the command that continues the run, for a shell. It loads the items again if the table is lost with this process.
func (v *runVerb) commandLine(lost bool) string {
	var words []string
	fromStandardInput := v.input == "-" || !lost && v.own.given() && v.input == ""
	if fromStandardInput {
		words = append(words, "printf", "%s", quote(string(v.text)), "|")
	}
	for _, name := range []string{envEndpoint, envDynamoDBEndpoint, envS3Endpoint, envSTSEndpoint} {
		if value := os.Getenv(name); value != "" {
			words = append(words, name+"="+quote(value))
		}
	}
	words = append(words, programName(os.Args[0]), "run")
	v.flags.Visit(func(flag *pflag.Flag) {
		switch {
		case slices.Contains([]string{"name", "input", "verify"}, flag.Name):
		case fromStandardInput && flag.Name == "format": // the request has it
		case !lost && slices.Contains([]string{"load", "table-definition", "key"}, flag.Name): // the table is loaded
		case flag.Value.Type() == "bool":
			words = append(words, "--"+flag.Name)
		default:
			words = append(words, "--"+flag.Name, quote(flag.Value.String()))
		}
	})
	if v.verify {
		words = append(words, "--verify")
	}
	switch {
	case fromStandardInput:
		words = append(words, "--input", "-")
	case v.input != "":
		words = append(words, "--input", quote(v.input))
	}
	return strings.Join(append(words, "--name", quote(v.name)), " ")
}

// programName is how a person starts this program: with `go run`, which builds it in a folder of its own, or by its path.
func programName(path string) string {
	if strings.Contains(path, "/go-build") {
		return "go run ./cmd/ddb2s3"
	}
	return quote(path)
}

var plainWord = regexp.MustCompile(`^[a-zA-Z0-9_@%+=:,./-]+$`)

// quote returns a word for a POSIX shell.
func quote(word string) string {
	if plainWord.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// committedBefore says that a run was committed by an earlier call.
func committedBefore(planned *run.PlanOutput, result run.Result, scheduled bool) string {
	name := planned.Plan.ExecutionID[strings.LastIndexByte(planned.Plan.ExecutionID, ':')+1:]
	other := "another --name"
	if scheduled {
		other = "another scheduledTime"
	}
	return fmt.Sprintf("The run %s was committed before, at %s by the execution %s. No items were read now. To make a new run, give %s.\n",
		result.RunID, result.EndTime.UTC().Format("2006-01-02T15:04:05Z"), name, other)
}
