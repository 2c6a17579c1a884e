// Command export is the Lambda function behind the state StartExport.
package main

import (
	"dynamodb-to-s3/lambda/handler"
	"dynamodb-to-s3/lambda/job"
)

func main() { handler.Main(job.FunctionExport) }
