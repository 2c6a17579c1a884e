package plan

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/lazyregexp"
	"dynamodb-to-s3/lambda/problem"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/table"
)

// preflight asks DynamoDB for one item with the parameters of the scan. Only DynamoDB knows its reserved words and the grammar of its
// expressions. Otherwise every segment would ask, and fail, after the run is claimed.
//
// It fails with InvalidRequest if DynamoDB refuses the parameters, and with AccessDenied if the role may not scan. If the table has no
// capacity even for one item, it succeeds: a scan waits for capacity.
func (s *Step) preflight(ctx context.Context, plan run.Plan) error {
	err := table.Ask(ctx, s.Tables(plan), plan)
	if refusal, refused := errors.AsType[*table.RefusedError](err); refused {
		return problem.List{{Path: refusedField(refusal.Message), Want: "DynamoDB refuses it: " + strings.TrimRight(refusal.Message, ".; ") + remedyOf(refusal.Message)}}.Err()
	}
	if failure.NameOf(err) == failure.Throttled {
		return nil
	}
	return err
}

var (
	namedField = lazyregexp.New(`\b(FilterExpression|ProjectionExpression|ExpressionAttributeNames|ExpressionAttributeValues|IndexName|ConsistentRead|` +
		`Select|Limit|TotalSegments|Segment|AttributesToGet|ScanFilter|ConditionalOperator)\b`)
	// described are words for fields that DynamoDB's messages do not name as the API does.
	described = []struct {
		words func() *regexp.Regexp
		field string
	}{
		{lazyregexp.New(`(?i)consistent read`), "scan.ConsistentRead"},
		{lazyregexp.New(`ComparisonOperator|Attribute ?Value ?List|\bcondition\b`), "scan.ScanFilter"},
		{lazyregexp.New(`(?i)specified index`), "scan.IndexName"},
	}
)

// refusedField returns the path of the field that a message of DynamoDB is about, or scan if that is not known.
func refusedField(message string) string {
	if field := namedField().FindString(message); field != "" {
		return "scan." + field
	}
	for _, each := range described {
		if each.words().MatchString(message) {
			return each.field
		}
	}
	return "scan"
}

// remedies say what to do after a message of DynamoDB. ${1} is what the expression matches in parentheses.
var remedies = []struct {
	message func() *regexp.Regexp
	remedy  string
}{
	{lazyregexp.New(`reserved keyword: (\w+)`), `Write #${1} in the expression, and {"#${1}": "${1}"} in scan.ExpressionAttributeNames`},
	{lazyregexp.New(`Syntax error`), `An expression has no values, and only names of letters, digits and _: write :v for a value, and #n for ` +
		`another name, and define them in scan.ExpressionAttributeValues and scan.ExpressionAttributeNames`},
	{lazyregexp.New(`Invalid function name`), "DynamoDB has attribute_exists, attribute_not_exists, attribute_type, begins_with, contains and size"},
	{lazyregexp.New(`operand type: (\w+)`), "Give a value of another type than ${1} in scan.ExpressionAttributeValues, or use another function or operator"},
	{lazyregexp.New(`BETWEEN operator requires`), "Exchange the two values"},
	{lazyregexp.New(`paths (overlap|conflict)`), "Leave one of the two out"},
	{lazyregexp.New(`Select type`), "Leave scan.Select out, or scan the table"},
}

// remedyOf says what to do after a message of DynamoDB, if that is known.
func remedyOf(message string) string {
	for _, each := range remedies {
		if match := each.message().FindStringSubmatchIndex(message); match != nil {
			return ". " + string(each.message().ExpandString(nil, each.remedy, message, match))
		}
	}
	return ""
}
