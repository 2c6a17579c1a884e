package awsclient

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
)

// Glue returns a client for the catalog of AWS Glue, or for another server with its API.
func Glue(cfg aws.Config) *glue.Client { return glue.NewFromConfig(cfg) }
