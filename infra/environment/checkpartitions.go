package environment

import (
	"dynamodb-to-s3/lambda/document"
	"dynamodb-to-s3/lambda/partition"
	"dynamodb-to-s3/lambda/problem"
)

// checkPartitions wants every ARN in the partition of the stack: no account of another one can be reached. If the environment names no region,
// the first ARN decides. A topic and the customer managed key are also in the region of the stack, and the boundary of its roles in its account. checkRequests checks the
// ARNs in requests.
func (c checker) checkPartitions() {
	type named struct{ path, arn string }
	arns := []named{{"notifications.topic", c.e.Notifications.Topic}, {"permissionsBoundary", c.e.PermissionsBoundary}, {"customerManagedKey", c.e.CustomerManagedKey}}
	for _, list := range []struct {
		path string
		arns []string
	}{{"tables", c.e.Tables}, {"kmsKeys", c.e.KMSKeys}, {"sourceRoles", c.e.SourceRoles}, {"destinationRoles", c.e.DestinationRoles}} {
		for i, arn := range list.arns {
			arns = append(arns, named{document.Element(list.path, i), arn})
		}
	}
	own, reason := partition.Of(c.e.Region), "the stack is in "+c.e.Region
	for _, each := range arns {
		id, region := partition.Place(each.arn)
		if id == "" || partition.CheckARN(each.arn) != "" {
			continue
		}
		if own == "" {
			own, reason = id, each.path+" is in "+id
		}
		elsewhere := c.e.Region != "" && region != c.e.Region
		switch {
		case id != own:
			c.Add(each.path, problem.Quote(each.arn), "an ARN with arn:%s, because %s: nothing of partition %s can be reached from there", own, reason, id)
		case elsewhere && each.path == "notifications.topic":
			c.Add(each.path, problem.Quote(each.arn), "a topic in %s, the region of the stack: its rules and alarms can use no other", c.e.Region)
		case elsewhere && each.path == "customerManagedKey":
			c.Add(each.path, problem.Quote(each.arn), "a key in %s, the region of the stack: Step Functions and CloudWatch Logs can use no other", c.e.Region)
		}
	}
	if parts := policyPattern().FindStringSubmatch(c.e.PermissionsBoundary); parts != nil && c.e.Account != "" && parts[1] != "aws" && parts[1] != c.e.Account {
		c.Add("permissionsBoundary", problem.Quote(c.e.PermissionsBoundary), "a policy of account %s, in which the stack's roles are", c.e.Account)
	}
}
