package table

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"dynamodb-to-s3/lambda/fault"
	"dynamodb-to-s3/lambda/lazyregexp"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Ask sends the first request of the plan's scan for one item, and throws the answer away: DynamoDB checks the parameters, the expressions
// and the permission before it reads. It fails as [Reader.Next] does. If DynamoDB refuses the parameters, the error has a RefusedError in its
// chain.
func Ask(ctx context.Context, client *dynamodb.Client, plan run.Plan) error {
	reader, err := NewReader(client, plan, plan.Scan.Segments()[0])
	if err != nil {
		return err
	}
	return reader.Next(ctx, nil, &Page{Limit: 1})
}

// RefusedError is DynamoDB's answer to a scan whose parameters it does not accept.
type RefusedError struct {
	// Message is DynamoDB's, without the values in the request: these can be key values.
	Message string

	table string
}

func (r *RefusedError) Error() string {
	return fmt.Sprintf("DynamoDB refused the scan of table %q: %s", r.table, r.Message)
}

// refusal returns the RefusedError that an error of the SDK means, otherwise nil.
func (r *Reader) refusal(err error) *RefusedError {
	if fault.Code(err) != "ValidationException" {
		return nil
	}
	return &RefusedError{Message: r.withoutValues(fault.Words(err)), table: r.table}
}

var (
	// DynamoDB quotes values like this: the bounds of BETWEEN, and sets whose elements are not different.
	quotedValues = lazyregexp.New(`(?s)(AttributeValue: ?\{|Input collection \[).*([]}])`)
	// DynamoDB quotes the place of a syntax error. An expression has no values, but somebody may have written one into it.
	syntaxError = lazyregexp.New(`(?s)(; token: ")(.*)(", near: ")(.*)(")$`)
	literals    = lazyregexp.New(`'[^']*'?|"[^"]*"?|\b[0-9][0-9.]*`)
	// What DynamoDB quotes after these words is from an expression.
	ofExpression = lazyregexp.New(`; (reserved keyword|attribute name|attribute value|function|operator or function|path one): |unused in expressions: `)
)

// leastHidden is the length of the shortest value that is looked for in a message. Shorter ones are parts of its own words.
const leastHidden = 3

// withoutValues leaves out what a message of DynamoDB quotes of the values in the request.
func (r *Reader) withoutValues(message string) string {
	message = quotedValues().ReplaceAllString(message, "${1}…${2}")
	if m := syntaxError().FindStringSubmatch(message); m != nil {
		at := strings.TrimSuffix(message, m[0])
		return at + m[1] + literals().ReplaceAllString(m[2], "…") + m[3] + literals().ReplaceAllString(m[4], "…") + m[5]
	}
	if ofExpression().MatchString(message) {
		return message
	}
	hide := func(value string) {
		if len(value) >= leastHidden && utf8.ValidString(value) && strings.Contains(message, value) {
			message = regexp.MustCompile(`(^|\W)`+regexp.QuoteMeta(value)+`(\W|$)`).ReplaceAllString(message, "${1}…${2}")
		}
	}
	for _, value := range r.input.ExpressionAttributeValues {
		eachText(value, hide)
	}
	for _, condition := range r.input.ScanFilter {
		for _, value := range condition.AttributeValueList {
			eachText(value, hide)
		}
	}
	return message
}

// eachText calls visit with each text and number in a value.
func eachText(value types.AttributeValue, visit func(string)) {
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		visit(v.Value)
	case *types.AttributeValueMemberN:
		visit(v.Value)
	case *types.AttributeValueMemberB:
		visit(string(v.Value))
	case *types.AttributeValueMemberSS:
		each(v.Value, visit)
	case *types.AttributeValueMemberNS:
		each(v.Value, visit)
	case *types.AttributeValueMemberBS:
		for _, element := range v.Value {
			visit(string(element))
		}
	case *types.AttributeValueMemberL:
		for _, element := range v.Value {
			eachText(element, visit)
		}
	case *types.AttributeValueMemberM:
		for name, member := range v.Value {
			visit(name)
			eachText(member, visit)
		}
	}
}

func each(values []string, visit func(string)) {
	for _, value := range values {
		visit(value)
	}
}
