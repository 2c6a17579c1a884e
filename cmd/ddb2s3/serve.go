package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/local/sampletable"
)

// serve answers Lambda's Invoke API, and the checks of exports, until it is interrupted.
func serve(ctx context.Context, args []string, _ io.Writer, stderr *os.File) error {
	var s settings
	flags := flag.NewFlagSet("local serve", flag.ContinueOnError)
	flags.SetOutput(stderr)
	s.register(flags)
	addr := flags.String("addr", "127.0.0.1:3001", "the `address` to listen on")
	if err := parse(flags, args); err != nil {
		return err
	}
	if err := s.check(); err != nil {
		return err
	}
	services, err := open(ctx, s, sampletable.Count, stderr)
	if err != nil {
		return err
	}
	defer services.close()
	if err := services.standInFor(ctx, s.exports, stderr); err != nil {
		return err
	}
	functions, err := startFunctions(ctx, services, s, *addr, slog.New(slog.NewTextHandler(stderr, nil)))
	if err != nil {
		return err
	}
	defer functions.close()
	for _, name := range contract.Functions() {
		_, _ = fmt.Fprintf(stderr, "POST %s/2015-03-31/functions/%s/invocations\n", functions.url, name)
	}
	_, _ = fmt.Fprintf(stderr, "POST %s/aws-sdk/dynamodb/describeExport\n", functions.url)
	<-ctx.Done()
	return nil
}
