package main

import (
	"dynamodb-to-s3/infra/environment"

	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"
)

// placeIn puts a function into the environment's subnets. It looks nothing up in AWS, because a stack is synthesized without an account.
// The subnets must have routes to S3 and DynamoDB, to STS if requests name roles, and to Step Functions for plan, through VPC endpoints or
// a NAT gateway. They need no route to KMS: S3 and DynamoDB call KMS themselves.
func placeIn(function awslambda.Function, vpc *environment.VPC) {
	if vpc == nil {
		return
	}
	function.Node().DefaultChild().(awslambda.CfnFunction).SetVpcConfig(&awslambda.CfnFunction_VpcConfigProperty{
		SubnetIds: jsii.Strings(vpc.Subnets...), SecurityGroupIds: jsii.Strings(vpc.SecurityGroups...),
	})
}

// ofNetwork returns what Lambda itself does with a function's role to connect the function to the subnets, and denies it to the function's
// code. Another account may share its subnets and groups. The Describe actions support no resources, and Lambda requires the removal for all
// resources.
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
	allowed := []grant{
		allow(actions("ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"), []string{"*"}),
		allow(actions("ec2:CreateNetworkInterface"), interfaces),
		allow(actions("ec2:AssignPrivateIpAddresses", "ec2:DeleteNetworkInterface", "ec2:UnassignPrivateIpAddresses"), []string{at.arn("ec2", "*/*")}),
	}
	return append(allowed, denyNetwork(at, allowed))
}

// shared returns the ARN of an EC2 resource in any account.
func (p place) shared(resource string) string {
	p.account = "*"
	return p.arn("ec2", resource)
}

// denyNetwork denies the code of a function the actions that Lambda needs to connect it, as AWS recommends. A request has the condition
// key only if the code itself calls. The condition names every function of the account and region, because the ARN of the function is
// unknown when its role is created.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
func denyNetwork(at place, allowed []grant) grant {
	denied := grant{deny: true, resources: []string{"*"}}
	for _, each := range allowed {
		denied.actions = append(denied.actions, each.actions...)
	}
	return denied.where(condition{"ArnLike": {"lambda:SourceFunctionArn": {at.arn("lambda", "function:*")}}})
}
