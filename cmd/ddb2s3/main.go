// Command ddb2s3 runs on this computer what CDK deploys to AWS: the same state machine definition and the same functions. It also reaches a
// deployment.
//
//	ddb2s3 run         runs the state machine once and prints its output as JSON
//	ddb2s3 run-export  exports a sample table, changes it, and exports the changes
//	ddb2s3 serve       keeps DynamoDB, S3 and the functions running
//	ddb2s3 query       queries what runs have left, with DuckDB
//	ddb2s3 explain     says what a run would take
//	ddb2s3 report      makes a page about a run
//
//	ddb2s3 start, watch, list, stop, redrive, logs, clean   are for a deployment
//	ddb2s3 report      writes a page with charts about a run
//
// The verbs start, watch, list, stop, redrive, logs and clean reach a deployment, through package deployment.
//
// Each verb has a file of its own. services.go starts the servers that the environment does not name, functions.go serves the
// functions over them, and execution.go runs the state machine over the functions.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second interruption ends the process at once
	code := execute(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
