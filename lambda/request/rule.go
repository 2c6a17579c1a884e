package request

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"dynamodb-to-s3/lambda/document"
	"dynamodb-to-s3/lambda/lazyregexp"
	"dynamodb-to-s3/lambda/partition"
	"dynamodb-to-s3/lambda/problem"
)

// Rule is what one field of a request can be. Parse checks a request by its rules, and docs/request.schema.json has the same rules. They
// know one field each; what two fields must have in common is checked in code.
type Rule struct {
	Enum     []string
	Pattern  func() *regexp.Regexp
	Form     string  // Pattern in words
	MaxBytes int     // of a string in UTF-8
	Min, Max float64 // of a number; a Max of 0 is no bound
	Above    bool    // Min itself is too small
	Time     bool    // RFC 3339
	Or       string  // allowed in place of a time
	Default  any
}

// RuleOf returns the rule of the field at a path, such as scan.Limit. The zero Rule allows every value.
func RuleOf(path string) Rule { return rules[path] }

var rules = map[string]Rule{
	"table":              {Pattern: tableForm, Form: "a table's name, 3 to 255 of a-z A-Z 0-9 _ . -, or an ARN such as arn:aws:dynamodb:eu-west-1:123456789012:table/orders"},
	"bucket":             {Pattern: bucketName, Form: "the name of an S3 bucket: 3 to 63 of a-z 0-9 . -, first and last a letter or digit"},
	"prefix":             {MaxBytes: 512}, // leaves room for the rest of a key's 1,024 bytes
	"mode":               {Enum: words(ModeScan, ModeExport)},
	"segments":           {Min: 1, Max: MaxSegments},
	"concurrency":        {Min: 1, Max: MaxSegments},
	"readUnitsPerSecond": {Above: true},
	"readPercent":        {Above: true, Max: 100},
	"explain":            {Default: false},
	"maxReadUnits":       {Above: true},
	"maxDollars":         {Above: true},
	"fileSizeBytes":      {Min: 1 << 10, Max: MaxFileSize, Default: DefaultFileSize}, // smaller objects would be more than the items
	"format":             {Enum: words(FormatDynamoDBJSON, FormatION, FormatJSON, FormatParquet), Default: FormatDynamoDBJSON},
	"transform":          {MaxBytes: 8 << 10},
	"encoder":            {Pattern: lazyregexp.New(`^[a-zA-Z][a-zA-Z0-9_-]{0,63}$`), Form: "1 to 64 of a-z A-Z 0-9 _ -, the first a letter"},
	"compression":        {Enum: words(CompressionGZIP, CompressionZSTD, CompressionSnappy, CompressionNone)},
	"numbers":            {Enum: words(NumbersExact, NumbersDouble), Default: NumbersExact},
	"keepStaging":        {Default: false},
	"catalog.table":      {Pattern: tableOfCatalog, Form: "1 to 230 of a-z 0-9 _, the first not a digit"},
	"sourceRoleArn":      role,
	"destinationRoleArn": role,
	"bucketOwner":        account,
	"kmsKeyId":           kmsKey,
	"scheduledTime":      {Time: true},
	// EventBridge Scheduler's own rule, without a dot at the beginning, which a run's name cannot have.
	// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
	"schedule": {Pattern: lazyregexp.New(`^[a-zA-Z0-9_-][a-zA-Z0-9_.-]{0,63}$`), Form: "1 to 64 of a-z A-Z 0-9 _ - ., the first not a dot"},

	// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html
	"scan.IndexName":                     {Pattern: lazyregexp.New(`^[a-zA-Z0-9_.-]{3,255}$`), Form: "3 to 255 of a-z A-Z 0-9 _ . -"},
	"scan.FilterExpression":              expression,
	"scan.ProjectionExpression":          expression,
	"scan.ConsistentRead":                {Default: false},
	"scan.Select":                        {Enum: []string{"ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES", "SPECIFIC_ATTRIBUTES"}},
	"scan.Limit":                         {Min: 1, Max: 1<<31 - 1},
	"scan.TotalSegments":                 {Min: 1, Max: maxTotalSegments},
	"scan.Segment":                       {Max: maxTotalSegments - 1},
	"scan.ConditionalOperator":           {Enum: []string{"AND", "OR"}},
	"scan.ScanFilter.ComparisonOperator": {Enum: []string{"EQ", "NE", "IN", "LE", "LT", "GE", "GT", "BETWEEN", "NOT_NULL", "NULL", "CONTAINS", "NOT_CONTAINS", "BEGINS_WITH"}},

	// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ExportTableToPointInTime.html
	"export.exportType":                    {Enum: words(ExportFull, ExportIncremental)},
	"export.exportTime":                    {Time: true},
	"export.from":                          {Time: true, Or: fromLast},
	"export.to":                            {Time: true},
	"export.viewType":                      {Enum: words(viewNew, ViewNewAndOld), Default: ViewNewAndOld},
	"export.format":                        {Enum: words(FormatDynamoDBJSON, FormatION), Default: FormatDynamoDBJSON},
	"export.s3SseAlgorithm":                {Enum: []string{"AES256", "KMS"}},
	"export.s3SseKmsKeyId":                 kmsKey,
	"export.s3BucketOwner":                 account,
	"export.checkIntervalSeconds":          {Min: 1, Max: 86_400, Default: defaultCheckInterval},
	"export.maxAttempts":                   {Min: 1, Max: 1_000_000, Default: defaultMaxAttempts},
	"export.filter.KeyConditionExpression": expression,
	"export.filter.FilterExpression":       expression,
	"export.filter.ProjectionExpression":   expression,
}

var (
	// tableForm is strict about the region, which becomes part of the host that requests are sent to. The SDK refuses an impossible host
	// too, but its error has no name.
	tableForm = lazyregexp.New(`^(?:arn:aws[a-z-]*:dynamodb:([a-z]{2,}(?:-[a-z]+)+-[0-9]+):([0-9]{12}):table/)?([a-zA-Z0-9_.-]{3,255})$`)
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
	bucketName = lazyregexp.New(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

	account    = Rule{Pattern: lazyregexp.New(`^[0-9]{12}$`), Form: "an AWS account of 12 digits"}
	expression = Rule{MaxBytes: 4 << 10} // the API's own
	// STS and IAM accept a path of printable characters, and a name. The length is STS's bound.
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns
	role = Rule{
		MaxBytes: 2 << 10, Form: "the ARN of a role such as arn:aws:iam::123456789012:role/reader",
		Pattern: lazyregexp.New(`^arn:aws[a-z-]*:iam::([0-9]{12}):role/(?:[!-~]+/)?[a-zA-Z0-9_+=,.@-]{1,64}$`),
	}
	// The key becomes a header of S3's. The length is the API's own bound.
	// https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id
	kmsKey = Rule{
		MaxBytes: 2 << 10,
		Form:     "a KMS key: its id, its ARN such as arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab, or an alias such as alias/lake",
		Pattern:  lazyregexp.New(`^(?:arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+|[a-zA-Z0-9-]+|(?:arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:)?alias/[a-zA-Z0-9/_-]+)$`),
	}
)

func words[T ~string](values ...T) []string {
	var texts []string
	for _, value := range values {
		texts = append(texts, string(value))
	}
	return texts
}

// String says what the rule allows; "" if it allows every value.
func (r Rule) String() string {
	number := func(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }
	switch {
	case r.Enum != nil:
		return "one of " + strings.Join(r.Enum, ", ")
	case r.Pattern != nil:
		return r.Form
	case r.MaxBytes > 0:
		return fmt.Sprintf("at most %d bytes", r.MaxBytes)
	case r.Time && r.Or != "":
		return fmt.Sprintf("a time such as 2026-01-31T06:00:00Z, or %q", r.Or)
	case r.Time:
		return "a time such as 2026-01-31T06:00:00Z"
	case r.Above && r.Max > 0:
		return "more than " + number(r.Min) + " and at most " + number(r.Max)
	case r.Above:
		return "more than " + number(r.Min)
	case r.Max > 0:
		return number(r.Min) + " to " + number(r.Max)
	case r.Min > 0:
		return number(r.Min) + " or more"
	default:
		return ""
	}
}

// Check returns "" if the rule allows a value, otherwise what the value is, as a message shows it, and what is allowed.
func (r Rule) Check(value any) (got, want string) {
	switch v := reflect.ValueOf(value); {
	case v.Kind() == reflect.String:
		text := v.String()
		switch {
		case r.MaxBytes > 0 && len(text) > r.MaxBytes:
			return fmt.Sprintf("%d bytes", len(text)), fmt.Sprintf("at most %d bytes", r.MaxBytes)
		case r.Enum != nil && !slices.Contains(r.Enum, text):
			return problem.Quote(text), r.String() + document.Suggestion(text, r.Enum)
		case r.Pattern != nil && !r.Pattern().MatchString(text), r.Time && text != r.Or && Moment(text).IsZero():
			return problem.Quote(text), r.String()
		case r.Pattern != nil && strings.HasPrefix(text, "arn:"):
			if want := partition.CheckARN(text); want != "" {
				return problem.Quote(text), want
			}
		}
	case v.CanInt() || v.CanFloat():
		if n := v.Convert(reflect.TypeFor[float64]()).Float(); n < r.Min || r.Above && n == r.Min || r.Max > 0 && n > r.Max {
			return fmt.Sprint(value), r.String()
		}
	}
	return "", ""
}

// checkRules checks each field that is given by its rule. Fields that the mode does not have are refused elsewhere.
func (r Request) checkRules(of reflect.Value, path string, mode Mode, found *document.Report) {
	for field, value := range of.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		own := document.Join(path, name)
		switch value = reflect.Indirect(value); {
		case name == "", path == "" && r.lacks(name, mode), !value.IsValid(), value.Kind() == reflect.String && value.Len() == 0:
		case value.Kind() == reflect.Struct:
			r.checkRules(value, own, mode, found)
		default:
			if got, want := rules[own].Check(value.Interface()); want != "" {
				found.Add(own, got, "%s", want)
			}
		}
	}
}
