package main

import (
	"slices"

	"dynamodb-to-s3/lambda/contract"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsglue"
	sfn "github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctions"
	"github.com/aws/jsii-runtime-go"
)

// functions returns the functions of the stack. Without a retention there is no function prune, so that nothing in the account has a role that may
// remove committed data. The function catalog is always there: without a database it makes the statements that a request asks for.
func (p *Props) functions() []contract.Function {
	return slices.DeleteFunc(contract.Functions(), func(f contract.Function) bool { return f == contract.FunctionPrune && p.Retention == nil })
}

// ofCatalog returns what a function does with the tables of the catalog's database, and with no other ones. Glue wants each action on the
// catalog, the database and the table. Requests choose the names of the tables.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsglue.html
func ofCatalog(at place, function contract.Function, props *Props) []grant {
	if props.Catalog == nil {
		return nil
	}
	database := props.Catalog.Database
	resources := []string{at.arn("glue", "catalog"), at.arn("glue", "database/"+database), at.arn("glue", "table/"+database+"/*")}
	switch function {
	case contract.FunctionCatalog:
		return []grant{allow(actions("glue:GetTable", "glue:CreateTable", "glue:UpdateTable",
			"glue:GetPartition", "glue:CreatePartition", "glue:UpdatePartition"), resources)}
	case contract.FunctionPrune:
		return []grant{allow(actions("glue:GetTables", "glue:GetPartition", "glue:DeletePartition"), resources)}
	default:
		return nil
	}
}

// newDatabase adds the database of the catalog, if the environment asks for it. Like the bucket, it stays when the stack is destroyed: its tables show
// the data in the bucket.
func newDatabase(stack awscdk.Stack, props *Props) {
	if props.Catalog == nil || !props.Catalog.Create {
		return
	}
	awsglue.NewCfnDatabase(stack, jsii.String("Database"), &awsglue.CfnDatabaseProps{
		CatalogId: stack.Account(),
		DatabaseInput: &awsglue.CfnDatabase_DatabaseInputProperty{
			Name: &props.Catalog.Database, Description: jsii.String("The tables of dynamodb-to-s3 " + props.Name + "."),
		},
	}).ApplyRemovalPolicy(awscdk.RemovalPolicy_RETAIN, nil)
}

// afterCommit returns what follows a commit: Catalog shows the run in tables of Glue, and Prune removes old runs. The plan says whether the run has
// either. Both add to the result. If one fails, the execution fails, and a redrive begins with it: the run stays committed. Without the function
// prune there is no state that calls it.
func (s states) afterCommit() sfn.IChainable {
	payload := map[string]any{"plan.$": "$.plan", "result.$": "$.finalized.result"}
	var last sfn.IChainable = sfn.NewSucceed(s.scope, jsii.String(contract.StateReplicated), &sfn.SucceedProps{OutputPath: jsii.String("$.finalized.result")})
	if s.functions[contract.FunctionPrune] != nil {
		prune := s.task(contract.StatePrune, contract.FunctionPrune, attempts, payload, jsii.String("$.finalized.result.pruned"))
		last = sfn.NewChoice(s.scope, jsii.String(contract.StateRetained), nil).
			When(sfn.Condition_IsPresent(jsii.String("$.plan.retention")), prune.Next(last), nil).
			Otherwise(last)
	}
	catalog := s.task(contract.StateCatalog, contract.FunctionCatalog, attempts, payload, jsii.String("$.finalized.result.catalog"))
	return sfn.NewChoice(s.scope, jsii.String(contract.StateCataloged), nil).
		When(sfn.Condition_IsPresent(jsii.String("$.plan.catalog")), catalog.Next(last), nil).
		Otherwise(last)
}
