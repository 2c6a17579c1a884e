package main

import (
	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/failure"

	sfn "github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctions"
	tasks "github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctionstasks"
	"github.com/aws/jsii-runtime-go"
)

// catch adds the states that end an execution whose plan failed, with the name of the error and one sentence as the cause.
//
// The error of a function has a name of package failure. Its Cause is JSON, and only the message in it is for people. Any other error is of
// AWS: the function took too long, could not start, or its process ended. An execution may not fail with a name of AWS that begins with
// "States.", so it fails as NoAnswer, and the cause has the name and the Cause of AWS.
// https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
func (s states) catch(plan tasks.LambdaInvoke) {
	failed := sfn.NewFail(s.scope, jsii.String(contract.StateFailed), &sfn.FailProps{
		ErrorPath: jsii.String("$.Error"), CausePath: jsii.String("$.detail.errorMessage"),
	})
	pass := func(name string, parameters map[string]any) sfn.Pass {
		return sfn.NewPass(s.scope, jsii.String(name), &sfn.PassProps{Parameters: &parameters})
	}
	read := map[string]any{"Error.$": "$.Error", "detail.$": "States.StringToJson($.Cause)"}
	var named []string
	for _, name := range failure.Names() {
		named = append(named, string(name))
	}
	plan.AddCatch(pass(contract.StateReadCause, read).Next(failed), &sfn.CatchProps{Errors: jsii.Strings(named...), ResultPath: jsii.String("$")})

	noAnswer := pass(contract.StateNoAnswer, map[string]any{
		"Error":  contract.StateNoAnswer,
		"detail": map[string]any{"errorMessage.$": "States.Format('the function plan gave no answer: {}: {}', $.Error, $.detail.errorMessage)"},
	})
	noAnswer.Next(failed)
	keep := func(name string, message map[string]any) sfn.Chain {
		return pass(name, map[string]any{"Error.$": "$.Error", "detail": message}).Next(noAnswer)
	}
	given := sfn.Condition_IsPresent(jsii.String("$.Cause"))
	empty := sfn.Condition_StringEquals(jsii.String("$.Cause"), jsii.String(""))
	comment := func(text string) *sfn.ChoiceTransitionOptions { return &sfn.ChoiceTransitionOptions{Comment: &text} }
	cause := sfn.NewChoice(s.scope, jsii.String(contract.StateAWSCause), nil).
		When(sfn.Condition_And(given, wholeCause("$.Cause")), pass(contract.StateReadAWSCause, read).Next(noAnswer), comment("JSON")).
		When(sfn.Condition_And(given, sfn.Condition_Not(empty)), keep(contract.StateKeepAWSCause, map[string]any{"errorMessage.$": "$.Cause"}), comment("text")).
		Otherwise(keep(contract.StateNoAWSCause, map[string]any{"errorMessage": "AWS gives no cause"}))
	plan.AddCatch(cause, &sfn.CatchProps{Errors: jsii.Strings("States.ALL"), ResultPath: jsii.String("$")})
}

// wholeCause reports whether the Cause at a path is the whole error of a function, in JSON. Step Functions cuts a long Cause, and a state that
// reads a part of JSON would fail.
func wholeCause(path string) sfn.Condition {
	matches := func(pattern string) sfn.Condition { return sfn.Condition_StringMatches(&path, &pattern) }
	return sfn.Condition_Or(
		sfn.Condition_And(
			sfn.Condition_Or(matches(`{"errorMessage":"*","errorType":"*"}`), matches(`{"errorType":"*","errorMessage":"*"}`)),
			sfn.Condition_Not(matches(`*"stackTrace":*`)),
		),
		matches(`{"errorMessage":"*","stackTrace":[*]}`),
	)
}
