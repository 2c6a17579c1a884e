package request

import (
	"slices"

	"dynamodb-to-s3/lambda/document"
	"dynamodb-to-s3/lambda/lazyregexp"
)

// Others matches the names of the members that other programs put into an input, beside the fields of the request. They can have any value. They
// have no effect and are no part of the request: with or without them, it has the same digest.
//
//   - $schema: editors find the JSON Schema of a document by it.
//   - AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID: a state machine that starts this one links the two executions by it. Later members of
//     Step Functions will begin with the same words.
//     https://docs.aws.amazon.com/step-functions/latest/dg/concepts-nested-workflows.html
var Others = lazyregexp.New(`^(?:\$schema|AWS_STEP_FUNCTIONS_[A-Z0-9_]+)$`)

// checkEvent refuses an event of EventBridge. A rule sends the event itself as the input, and EventBridge Scheduler sends a similar one,
// unless the target has an input of its own.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_Target.html
func checkEvent(given *document.Node, found *document.Report) {
	has := func(name string) bool {
		return slices.ContainsFunc(given.Members, func(member document.Member) bool { return member.Name == name })
	}
	if has("detail-type") && has("source") {
		found.Reject("", "an event of EventBridge", "a request: give it as the input of the rule's or the schedule's target, otherwise EventBridge sends the event itself")
	}
}
