// Command scan is the Lambda function behind the state ScanSegment.
package main

import (
	"dynamodb-to-s3/lambda/handler"
	"dynamodb-to-s3/lambda/job"
)

func main() { handler.Main(job.FunctionScan) }
