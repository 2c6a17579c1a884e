package request

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"dynamodb-to-s3/lambda/document"
	"dynamodb-to-s3/lambda/failure"
)

var (
	tableName = regexp.MustCompile(`^[a-zA-Z0-9_.-]{3,255}$`)
	account   = regexp.MustCompile(`^[0-9]{12}$`)
	// scheduleName is EventBridge Scheduler's own rule, less a dot at the beginning, which a run's name may not have.
	scheduleName = regexp.MustCompile(`^[a-zA-Z0-9_-][a-zA-Z0-9_.-]{0,63}$`)
	// tableARN holds the region to its form too, for it becomes part of the host that requests are sent to: the SDK refuses what can be
	// no host, but without a name.
	tableARN = regexp.MustCompile(`^arn:aws[a-z-]*:dynamodb:([a-z]{2,}(?:-[a-z]+)+-[0-9]+):([0-9]{12}):table/(.+)$`)
)

// check adds a problem for every field that is out of its bounds and every pair of fields that contradict each other.
func (r Request) check(found *failure.Problems) {
	r.checkTable(found)
	checkBucket(r.Bucket, found)
	checkPrefix(r.Prefix, found)
	checkEnum("mode", string(r.Mode), []string{string(ModeScan), string(ModeExport)}, found)
	if r.BucketOwner != "" && !account.MatchString(r.BucketOwner) {
		found.Add("bucketOwner", "got %s, want an AWS account of 12 digits", failure.Quote(r.BucketOwner))
	}
	checkKey("kmsKeyId", r.KMSKeyID, found)
	checkRole("sourceRoleArn", r.SourceRoleARN, found)
	checkRole("destinationRoleArn", r.DestinationRoleARN, found)
	r.checkFiring(found)
	if r.mode() == ModeExport {
		r.checkNoScan(found)
		r.orExport().check(r, found)
		return
	}
	r.checkScan(found)
}

// checkFiring holds what schedules set to what a run's name can be made of.
func (r Request) checkFiring(found *failure.Problems) {
	if r.Scheduled != "" {
		if Moment(r.Scheduled).IsZero() {
			found.Add("scheduledTime", "got %s, want a time such as 2026-01-31T06:00:00Z", failure.Quote(r.Scheduled))
		}
	}
	switch {
	case r.Schedule == "":
	case !scheduleName.MatchString(r.Schedule):
		found.Add("schedule", "got %s, want 1 to 64 of a-z A-Z 0-9 _ - . and no dot first", failure.Quote(r.Schedule))
	case r.Scheduled == "":
		found.Add("schedule", "given without scheduledTime: a run is named by both, or by neither")
	}
}

func (r Request) checkScan(found *failure.Problems) {
	if r.Export != nil {
		found.Add("export", "given with mode SCAN: leave mode out, or set it to EXPORT")
	}
	checkEnum("format", string(r.Format), []string{string(FormatDynamoDBJSON), string(FormatION), string(FormatJSON)}, found)
	r.checkRecords(found)
	checkEnum("compression", string(r.Compression),
		[]string{string(CompressionGZIP), string(CompressionZSTD), string(CompressionNone)}, found)
	checkRange("segments", r.Segments, 1, MaxSegments, found)
	checkRange("concurrency", r.Concurrency, 1, MaxSegments, found)
	r.checkPace(found)
	checkRange("fileSizeBytes", r.FileSize, MinFileSize, MaxFileSize, found)
	if r.Scan != nil {
		r.Scan.check(found)
		if r.Segments != nil && r.Scan.TotalSegments != nil {
			found.Add("segments", "given together with scan.TotalSegments: both set the number of segments, give one")
		}
	}
}

func (r Request) checkTable(found *failure.Problems) {
	switch {
	case r.Table == "":
		found.Add("table", "missing: give the name or the ARN of the table")
	case strings.HasPrefix(r.Table, "arn:"):
		if _, err := ParseTable(r.Table); err != nil {
			found.Add("table", "%v", err)
		}
	case !tableName.MatchString(r.Table):
		found.Add("table", "got %s, want a table's name, 3 to 255 of a-z A-Z 0-9 _ . -, or its ARN", failure.Quote(r.Table))
	}
}

func (s *Scan) check(found *failure.Problems) {
	if s.IndexName != "" && !tableName.MatchString(s.IndexName) {
		found.Add("scan.IndexName", "got %s, want 3 to 255 of a-z A-Z 0-9 _ . -", failure.Quote(s.IndexName))
	}
	checkExpression("scan.FilterExpression", s.FilterExpression, found)
	checkExpression("scan.ProjectionExpression", s.ProjectionExpression, found)
	checkRange("scan.Limit", s.Limit, 1, maxLimit, found)
	s.checkSegments(found)
	checkPlaceholders("scan", s.FilterExpression+" "+s.ProjectionExpression, s.ExpressionAttributeNames, s.ExpressionAttributeValues, found)
	s.checkSelect(found)
	s.checkLegacy(found)
}

func (s *Scan) checkSegments(found *failure.Problems) {
	checkRange("scan.TotalSegments", s.TotalSegments, 1, MaxTotalSegments, found)
	switch {
	case s.Segment == nil && s.TotalSegments != nil && *s.TotalSegments > MaxSegments && *s.TotalSegments <= MaxTotalSegments:
		found.Add("scan.TotalSegments", "got %d, one run scans at most %d: name one scan.Segment and use several executions",
			*s.TotalSegments, MaxSegments)
	case s.Segment != nil && s.TotalSegments == nil:
		found.Add("scan.Segment", "given without scan.TotalSegments")
	case s.Segment != nil && (*s.Segment < 0 || *s.Segment >= *s.TotalSegments):
		found.Add("scan.Segment", "got %d, allowed: 0 to %d, less than scan.TotalSegments", *s.Segment, *s.TotalSegments-1)
	}
}

// checkPlaceholders holds the substitutes against the expressions: DynamoDB refuses one that no expression uses, and one that
// is used but not defined, in the middle of a run; here it costs nothing.
func checkPlaceholders(path, text string, names map[string]string, values map[string]AttributeValue, found *failure.Problems) {
	used := map[string]bool{}
	for _, token := range placeholder.FindAllString(text, -1) {
		used[token] = true
	}
	hold := func(field, mark string, defined []string) {
		for _, name := range defined {
			if !strings.HasPrefix(name, mark) || len(name) == 1 {
				found.Add(join(field, failure.Quote(name)), "must begin with %q and have a name after it", mark)
			} else if !used[name] {
				found.Add(join(field, failure.Quote(name)), "is used in no expression")
			}
		}
		for _, name := range slices.Sorted(maps.Keys(used)) {
			if strings.HasPrefix(name, mark) && !slices.Contains(defined, name) {
				found.Add(field, "does not define %s, which an expression uses", name)
			}
		}
	}
	hold(path+".ExpressionAttributeNames", "#", slices.Sorted(maps.Keys(names)))
	hold(path+".ExpressionAttributeValues", ":", slices.Sorted(maps.Keys(values)))
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if n := len(names[name]); n == 0 || n > maxAttributeName {
			found.Add(join(path+".ExpressionAttributeNames", failure.Quote(name)), "want the name of an attribute, 1 to %d bytes", maxAttributeName)
		}
	}
}

var placeholder = regexp.MustCompile(`[#:][a-zA-Z0-9_]+`)

func (s *Scan) checkSelect(found *failure.Problems) {
	const field = "scan.Select"
	projected := s.ProjectionExpression != "" || len(s.AttributesToGet) > 0
	switch s.Select {
	case "":
	case "COUNT":
		found.Add(field, "got COUNT, which returns no items: nothing would be replicated")
	case "SPECIFIC_ATTRIBUTES":
		if !projected {
			found.Add(field, "SPECIFIC_ATTRIBUTES needs a scan.ProjectionExpression")
		}
	case "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES":
		if projected {
			found.Add(field, "%s contradicts the projection: with one, the only choice is SPECIFIC_ATTRIBUTES", s.Select)
		}
		if s.Select == "ALL_PROJECTED_ATTRIBUTES" && s.IndexName == "" {
			found.Add(field, "ALL_PROJECTED_ATTRIBUTES needs a scan.IndexName")
		}
	default:
		checkEnum(field, s.Select, []string{"ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES", "SPECIFIC_ATTRIBUTES"}, found)
	}
}

var comparisonOperators = []string{
	"EQ", "NE", "IN", "LE", "LT", "GE", "GT", "BETWEEN", "NOT_NULL", "NULL", "CONTAINS", "NOT_CONTAINS", "BEGINS_WITH",
}

func (s *Scan) checkLegacy(found *failure.Problems) {
	checkEnum("scan.ConditionalOperator", s.ConditionalOperator, []string{"AND", "OR"}, found)
	for _, name := range slices.Sorted(maps.Keys(s.ScanFilter)) {
		field := join("scan.ScanFilter", failure.Quote(name)) + ".ComparisonOperator"
		if operator := s.ScanFilter[name].ComparisonOperator; operator == "" {
			found.Add(field, "missing; allowed: %s", strings.Join(comparisonOperators, ", "))
		} else {
			checkEnum(field, operator, comparisonOperators, found)
		}
	}
	if s.ConditionalOperator != "" && len(s.ScanFilter) == 0 {
		found.Add("scan.ConditionalOperator", "given without scan.ScanFilter, which it would combine")
	}
	for i, name := range s.AttributesToGet {
		field := "scan.AttributesToGet[" + strconv.Itoa(i) + "]"
		if n := len(name); n == 0 || n > maxAttributeName {
			found.Add(field, "want the name of an attribute, 1 to %d bytes", maxAttributeName)
		} else if slices.Index(s.AttributesToGet, name) < i {
			found.Add(field, "got %s again: give each attribute once", failure.Quote(name))
		}
	}
	legacy := len(s.AttributesToGet) > 0 || len(s.ScanFilter) > 0 || s.ConditionalOperator != ""
	if legacy && (s.FilterExpression != "" || s.ProjectionExpression != "") {
		found.Add("scan", "AttributesToGet, ScanFilter and ConditionalOperator cannot be mixed with expressions: use the expressions alone")
	}
}

func checkExpression(field, expression string, found *failure.Problems) {
	if len(expression) > maxExpression {
		found.Add(field, "has %d bytes, allowed are at most %d", len(expression), maxExpression)
	}
	if i := strings.IndexFunc(expression, unsafeInExpression); i >= 0 {
		found.Add(field, "holds %+q at byte %d: an expression has no such character", firstRune(expression[i:]), i)
	}
}

func checkRange(field string, value *int64, low, high int64, found *failure.Problems) {
	if value != nil && (*value < low || *value > high) {
		found.Add(field, "got %d, allowed: %d to %d", *value, low, high)
	}
}

func checkEnum(field, value string, allowed []string, found *failure.Problems) {
	if value == "" || slices.Contains(allowed, value) {
		return
	}
	found.Add(field, "got %s%s; allowed: %s", failure.Quote(value), document.Suggestion(value, allowed), strings.Join(allowed, ", "))
}

// Table is what a request's table says.
type Table struct {
	// Region and Account are empty where the request gave only a name.
	Region, Account, Name string
}

// ParseTable reads a table's name or its ARN, arn:<partition>:dynamodb:<region>:<account>:table/<name>.
func ParseTable(nameOrARN string) (Table, error) {
	if !strings.HasPrefix(nameOrARN, "arn:") {
		return Table{Name: nameOrARN}, nil
	}
	if parts := tableARN.FindStringSubmatch(nameOrARN); parts != nil {
		if tableName.MatchString(parts[3]) {
			return Table{Region: parts[1], Account: parts[2], Name: parts[3]}, nil
		}
		if table, index, ok := strings.Cut(parts[3], "/index/"); ok {
			return Table{}, fmt.Errorf("got the ARN of an index: give the table %s here and %s as scan.IndexName", failure.Quote(table), failure.Quote(index))
		}
	}
	return Table{}, fmt.Errorf("got %s, want an ARN such as arn:aws:dynamodb:eu-west-1:123456789012:table/orders", failure.Quote(nameOrARN))
}
