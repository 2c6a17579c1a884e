package main

import (
	"dynamodb-to-s3/lambda/contract"

	sfn "github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctions"
	"github.com/aws/jsii-runtime-go"
)

// convert returns the second pass of a run that makes Parquet files. Columns decides the schema, and divides the staged files among segments. Its
// answer replaces the state, so that the plan is that of the second pass from here on. Each child of the Map converts one segment.
//
// The files of a native export are first read by a Map that only learns. The plan then still has no schema, and Columns runs again.
func (s states) convert(finalize sfn.IChainable) sfn.IChainable {
	columns := s.task(contract.StateColumns, contract.FunctionColumns, attempts, map[string]any{"plan.$": "$.plan"}, nil)
	converted := sfn.NewChoice(s.scope, jsii.String(contract.StateConverted), nil).
		When(sfn.Condition_IsPresent(jsii.String("$.plan.parquet.schema")), finalize, nil).
		Otherwise(columns)
	return columns.Next(s.convertSegments().Next(converted))
}

// convertSegments returns the Map over the segments of the second pass. Each child calls convert, each time with the previous checkpoint, until
// its segment is done.
func (s states) convertSegments() sfn.DistributedMap {
	convert := s.task(contract.StateConvertSegment, contract.FunctionConvert, attempts, nil, jsii.String("$.checkpoint"))
	segments := sfn.NewDistributedMap(s.scope, jsii.String(contract.StateConvertSegments), &sfn.DistributedMapProps{
		Label:              jsii.String("Conversions"),
		MapExecutionType:   sfn.StateMachineType_STANDARD, // an Express child has five minutes
		ItemsPath:          jsii.String("$.segments"),
		MaxConcurrencyPath: jsii.String("$.concurrency"),
		ItemSelector:       &map[string]any{"plan.$": "$.plan", "segment.$": "$$.Map.Item.Value"},
		ResultPath:         sfn.JsonPath_DISCARD(),
	})
	return segments.ItemProcessor(s.untilDone(convert, contract.StateConversionDone, "$.checkpoint.done", contract.StateConvertEnd), nil)
}
