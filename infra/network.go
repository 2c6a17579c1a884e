package main

import (
	"dynamodb-to-s3/infra/environment"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"
)

// placeIn puts a function into the environment's subnets. They are taken as they are named, and nothing is looked up: a stack
// is synthesized without an account. From there the function must reach S3 and DynamoDB, STS where it takes roles, and plan Step Functions, by
// endpoints or a NAT gateway of the VPC; that KMS is asked is S3's and DynamoDB's own affair.
func placeIn(function awslambda.Function, vpc *environment.VPC) {
	if vpc == nil {
		return
	}
	function.Node().DefaultChild().(awslambda.CfnFunction).SetVpcConfig(&awslambda.CfnFunction_VpcConfigProperty{
		SubnetIds: jsii.Strings(vpc.Subnets...), SecurityGroupIds: jsii.Strings(vpc.SecurityGroups...),
	})
}

// ofNetwork is what Lambda itself does with a function's role to connect it to the subnets. Subnets and groups may be another
// account's that shares them. Listing knows no resource, and for removal Lambda asks for any at all:
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
func ofNetwork(at place, props *Props) []grant {
	if props.VPC == nil {
		return nil
	}
	interfaces := []string{at.arn("ec2", "network-interface/*")}
	for _, subnet := range props.VPC.Subnets {
		interfaces = append(interfaces, at.shared("subnet/"+subnet))
	}
	for _, group := range props.VPC.SecurityGroups {
		interfaces = append(interfaces, at.shared("security-group/"+group))
	}
	return []grant{
		allow(actions("ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"), []string{"*"}),
		allow(actions("ec2:CreateNetworkInterface"), interfaces),
		allow(actions("ec2:AssignPrivateIpAddresses", "ec2:DeleteNetworkInterface", "ec2:UnassignPrivateIpAddresses"), []string{at.arn("ec2", "*/*")}),
	}
}

// shared returns the ARN of something of EC2 in whatever account has it.
func (p place) shared(resource string) string {
	p.account = "*"
	return p.arn("ec2", resource)
}

// denyNetwork keeps a function's own code from all that Lambda may do with its role to connect it, as AWS recommends: the key is
// there only where the code itself is calling. It names every function, for the role's own is not known before its role is.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
func denyNetwork(at place, grants []grant) awsiam.PolicyStatement {
	var all []string
	for _, grant := range grants {
		all = append(all, grant.actions...)
	}
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Effect: awsiam.Effect_DENY, Actions: jsii.Strings(all...), Resources: jsii.Strings("*"),
		Conditions: &map[string]any{"ArnLike": map[string]any{"lambda:SourceFunctionArn": at.arn("lambda", "function:*")}},
	})
}
