package main

import (
	"dynamodb-to-s3/lambda/contract"

	sfn "github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctions"
	"github.com/aws/jsii-runtime-go"
)

// afterCommit returns what follows a commit: Catalog shows the run in tables of Glue, and Prune removes old runs. The plan says whether the run has
// either. Both add to the result. If one fails, the execution fails, and a redrive begins with it: the run stays committed.
func (s states) afterCommit() sfn.IChainable {
	payload := map[string]any{"plan.$": "$.plan", "result.$": "$.finalized.result"}
	replicated := sfn.NewSucceed(s.scope, jsii.String(contract.StateReplicated), &sfn.SucceedProps{OutputPath: jsii.String("$.finalized.result")})
	prune := s.task(contract.StatePrune, contract.FunctionPrune, attempts, payload, jsii.String("$.finalized.result.pruned"))
	retained := sfn.NewChoice(s.scope, jsii.String(contract.StateRetained), nil).
		When(sfn.Condition_IsPresent(jsii.String("$.plan.retention")), prune.Next(replicated), nil).
		Otherwise(replicated)
	catalog := s.task(contract.StateCatalog, contract.FunctionCatalog, attempts, payload, jsii.String("$.finalized.result.catalog"))
	return sfn.NewChoice(s.scope, jsii.String(contract.StateCataloged), nil).
		When(sfn.Condition_IsPresent(jsii.String("$.plan.catalog")), catalog.Next(retained), nil).
		Otherwise(retained)
}
