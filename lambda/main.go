// Command lambda is the program of every Lambda function of this project. The function's handler name picks the step that the
// program runs: plan, scan, export or finalize.
package main

import (
	"os"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/function"
)

// Lambda passes the function's handler name in _HANDLER.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
func main() { function.Main(contract.Function(os.Getenv("_HANDLER"))) }
