// Command emptyfunction is a function that does nothing. The bench compares the start of this project's functions with its start.
package main

import "github.com/aws/aws-lambda-go/lambda"

func main() { lambda.Start(func() error { return nil }) }
