package awsclient

import (
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
)

// CloudWatch returns clients for CloudWatch in the regions of tables, or for another server with its API.
func CloudWatch(cfg aws.Config) func(run.Plan) *cloudwatch.Client {
	return func(plan run.Plan) *cloudwatch.Client {
		return cloudwatch.NewFromConfig(cfg, func(o *cloudwatch.Options) {
			if plan.Scan != nil && plan.Scan.TableRegion != "" {
				o.Region = plan.Scan.TableRegion
			}
		})
	}
}
