package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"dynamodb-to-s3/local/exports"
)

// The flags of the stand-in for native exports.
const (
	flagExportDelay   = "export-delay"
	flagExportFail    = "export-fail"
	flagExportStandIn = "export-stand-in"
)

// exportSettings are the flags of the stand-in for native exports, which DynamoDB servers for one's own computer do not make.
type exportSettings struct {
	flags  *flag.FlagSet
	delay  time.Duration
	fail   exportFailures
	forced bool
}

func (s *exportSettings) register(flags *flag.FlagSet) {
	s.flags = flags
	flags.DurationVar(&s.delay, flagExportDelay, 2*time.Second, "how long an export takes")
	flags.Var(&s.fail, flagExportFail, "let the next exports fail: `CODE[:COUNT]`, as S3AccessDenied:1, several with commas between them")
	flags.BoolVar(&s.forced, flagExportStandIn, false, "let exports be made here too where the environment names a DynamoDB endpoint, for one that makes none itself")
}

// check refuses what would not be heeded.
func (s *exportSettings) check(aws bool) error {
	if s.delay < 0 {
		return &usageError{fmt.Sprintf("-%s: got %s, want 0 or more", flagExportDelay, s.delay)}
	}
	switch name := s.named(); {
	case name != "" && aws:
		return &usageError{fmt.Sprintf("-aws and -%s contradict each other: AWS makes its exports itself", name)}
	case name != "" && !s.forced && given(envDynamoDBEndpoint):
		return &usageError{fmt.Sprintf("-%s is of exports that are made here, and %s names a DynamoDB that may make its own: give -%s too",
			name, endpointVariable(envDynamoDBEndpoint), flagExportStandIn)}
	default:
		return nil
	}
}

// named returns the first of these flags that was given, "" if none was.
func (s *exportSettings) named() (name string) {
	s.flags.Visit(func(f *flag.Flag) {
		if own := f.Name == flagExportDelay || f.Name == flagExportFail || f.Name == flagExportStandIn; own && name == "" {
			name = f.Name
		}
	})
	return name
}

// exportFailures are codes that exports end with, in the order of the exports.
type exportFailures []exportFailure

type exportFailure struct {
	code  string
	count int
}

// String is how the flag's value is shown.
func (f *exportFailures) String() string {
	var words []string
	for _, failure := range *f {
		words = append(words, fmt.Sprintf("%s:%d", failure.code, failure.count))
	}
	return strings.Join(words, ",")
}

// Set adds what one flag says.
func (f *exportFailures) Set(text string) error {
	for words := range strings.SplitSeq(text, ",") {
		code, times, counted := strings.Cut(words, ":")
		count := 1
		if counted {
			var err error
			if count, err = strconv.Atoi(times); err != nil || count < 1 {
				return fmt.Errorf("the count %q is no whole number of 1 or more", times)
			}
		}
		if code == "" {
			return fmt.Errorf("%q names no code, such as S3AccessDenied", words)
		}
		*f = append(*f, exportFailure{code, count})
	}
	return nil
}

// standInFor puts the stand-in in front of DynamoDB: of the embedded one, or of any if the flag says so. Elsewhere DynamoDB makes
// its exports itself.
func (v *services) standInFor(ctx context.Context, s exportSettings, stderr io.Writer) (err error) {
	if v.dynamoDB == nil && !s.forced {
		return nil
	}
	v.standIn, err = exports.Start(ctx, exports.Options{DynamoDB: v.source, S3: v.destination, Delay: s.delay})
	if err != nil {
		return err
	}
	for _, failure := range s.fail {
		v.standIn.Fail(failure.code, "the flag -"+flagExportFail+" asks for it", failure.count)
	}
	v.source = v.standIn.AWS()
	before := "dynalite"
	if v.dynamoDB == nil {
		before = endpointVariable(envDynamoDBEndpoint)
	}
	_, err = fmt.Fprintf(stderr, "exports are made by a stand-in in front of %s, %s: recovery is on for every table; an export takes %s\n",
		before, v.standIn.URL, s.delay)
	return err
}
