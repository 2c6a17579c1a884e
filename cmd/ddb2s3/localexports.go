package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"dynamodb-to-s3/local/exports"

	"github.com/spf13/pflag"
)

// The flags of exports that this computer makes. DynamoDB servers for one's own computer make no exports themselves.
const (
	flagExportDelay  = "export-delay"
	flagExportFail   = "export-fail"
	flagLocalExports = "local-exports"
)

// exportFlag returns the first of these flags that was given, or "".
func exportFlag(flags *pflag.FlagSet) string {
	for _, name := range []string{flagExportDelay, flagExportFail, flagLocalExports} {
		if flags.Changed(name) {
			return "--" + name
		}
	}
	return ""
}

func (o *options) checkExports(flags *pflag.FlagSet) error {
	given, endpoint := exportFlag(flags), endpointVariable(envDynamoDBEndpoint)
	switch {
	case o.exportDelay < 0:
		return fmt.Errorf("--%s: got %s, want 0 or more", flagExportDelay, o.exportDelay)
	case given != "" && o.aws:
		return fmt.Errorf("--aws and %s contradict each other: AWS makes its own exports", given)
	case given != "" && !o.localExports && endpoint != "":
		return fmt.Errorf("%s is for exports that this computer makes, but %s names a DynamoDB that may make its own: add --%s to make them on this computer",
			given, endpoint, flagLocalExports)
	}
	for _, text := range o.exportFail {
		code, times, counted := strings.Cut(text, ":")
		count, err := 1, error(nil)
		if counted {
			count, err = strconv.Atoi(times)
		}
		if code == "" || err != nil || count < 1 {
			return fmt.Errorf("--%s: got %q, want CODE or CODE:COUNT, such as S3AccessDenied:2, with a COUNT of 1 or more", flagExportFail, text)
		}
		o.exportCodes = append(o.exportCodes, slices.Repeat([]string{code}, count)...)
	}
	return nil
}

// startExports starts the server that makes exports on this computer, in front of the embedded DynamoDB or, with --local-exports,
// of any DynamoDB. Otherwise DynamoDB makes its exports itself.
func (s *services) startExports(ctx context.Context, o options, stderr io.Writer) (err error) {
	if !s.ownDynamoDB && !o.localExports {
		return nil
	}
	if s.exports, err = exports.Start(ctx, exports.Options{DynamoDB: s.source, S3: s.destination, Delay: o.exportDelay}); err != nil {
		return err
	}
	s.stops = append(s.stops, s.exports.Stop)
	for _, code := range o.exportCodes {
		s.exports.Fail(code, "the flag --"+flagExportFail+" asks for it", 1)
	}
	s.source = s.exports.AWS()
	dynamoDB := "dynalite"
	if !s.ownDynamoDB {
		dynamoDB = endpointVariable(envDynamoDBEndpoint)
	}
	_, err = fmt.Fprintf(stderr, "native exports are made on this computer, at %s in front of %s. Every table has point-in-time recovery. An export takes %s.\n",
		s.exports.URL, dynamoDB, o.exportDelay)
	return err
}
