package logs

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// The largest pages of CloudWatch Logs' API.
const (
	maxEvents = 10_000
	maxGroups = 50
)

// filterLogEvents returns the lines of a group, the oldest first. A token is the number of the last line before the page, so that lines that
// are written between two calls change no page.
func (s *Server) filterLogEvents(_ context.Context, in *cloudwatchlogs.FilterLogEventsInput) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	if (in.LogGroupName == nil) == (in.LogGroupIdentifier == nil) {
		return nil, invalid("Exactly one of logGroupName and logGroupIdentifier must be given")
	}
	limit, err := checkLimit(in.Limit, maxEvents)
	if err != nil {
		return nil, err
	}
	words, err := wordsOf(aws.ToString(in.FilterPattern))
	if err != nil {
		return nil, err
	}
	after, err := number(in.NextToken)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.group(cmp.Or(aws.ToString(in.LogGroupName), strings.TrimPrefix(aws.ToString(in.LogGroupIdentifier), arnPrefix)))
	if err != nil {
		return nil, err
	}
	out := &cloudwatchlogs.FilterLogEventsOutput{Events: []types.FilteredLogEvent{}, SearchedLogStreams: []types.SearchedLogStream{}}
	for _, l := range g.lines {
		switch {
		case l.number <= after, in.StartTime != nil && l.at < *in.StartTime, in.EndTime != nil && l.at > *in.EndTime, !l.has(words):
			continue
		case len(out.Events) == limit:
			out.NextToken = out.Events[limit-1].EventId
			return out, nil
		}
		out.Events = append(out.Events, types.FilteredLogEvent{
			EventId: aws.String(fmt.Sprintf("%056d", l.number)), LogStreamName: &g.stream, Message: aws.String(l.text), Timestamp: aws.Int64(l.at), IngestionTime: aws.Int64(l.at),
		})
	}
	return out, nil
}

// group returns the group of a name.
func (s *Server) group(name string) (*group, error) {
	if g := s.groups[name]; g != nil {
		return g, nil
	}
	message := "The specified log group does not exist."
	return nil, &types.ResourceNotFoundException{Message: &message}
}

// has reports whether a line contains all words.
func (l line) has(words []string) bool {
	return !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(l.text, word) })
}

// wordsOf returns the words of a filter pattern: words that a line must all contain, and texts in quotation marks. The other syntax of AWS is
// refused.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
func wordsOf(pattern string) (words []string, err error) {
	rest := strings.TrimSpace(pattern)
	if strings.HasPrefix(rest, "{") || strings.HasPrefix(rest, "[") || strings.HasPrefix(rest, "%") {
		return nil, invalid("filterPattern: this server supports only words and texts in quotation marks")
	}
	for rest != "" {
		var word string
		if rest[0] == '"' {
			quoted, err := strconv.QuotedPrefix(rest)
			if err != nil {
				return nil, invalid("Invalid filter pattern: %s", pattern)
			}
			word, _ = strconv.Unquote(quoted) // it is quoted
			rest = rest[len(quoted):]
		} else {
			word, rest, _ = strings.Cut(rest, " ")
			if strings.HasPrefix(word, "?") || strings.HasPrefix(word, "-") {
				return nil, invalid("filterPattern: this server supports only words and texts in quotation marks")
			}
		}
		words, rest = append(words, word), strings.TrimSpace(rest)
	}
	return words, nil
}

func (s *Server) describeLogGroups(_ context.Context, in *cloudwatchlogs.DescribeLogGroupsInput) (*cloudwatchlogs.DescribeLogGroupsOutput, error) {
	limit, err := checkLimit(in.Limit, maxGroups)
	if err != nil {
		return nil, err
	}
	after, err := number(in.NextToken)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	names := slices.Sorted(maps.Keys(s.groups))
	names = slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, aws.ToString(in.LogGroupNamePrefix)) })
	names = names[min(after, int64(len(names))):]
	out := &cloudwatchlogs.DescribeLogGroupsOutput{LogGroups: []types.LogGroup{}}
	if len(names) > limit {
		names, out.NextToken = names[:limit], aws.String(fmt.Sprint(after+int64(limit)))
	}
	for _, name := range names {
		out.LogGroups = append(out.LogGroups, types.LogGroup{
			LogGroupName: &name, Arn: aws.String(arnPrefix + name + ":*"), LogGroupArn: aws.String(arnPrefix + name), CreationTime: aws.Int64(s.created.UnixMilli()),
			LogGroupClass: types.LogGroupClassStandard, MetricFilterCount: aws.Int32(0), StoredBytes: aws.Int64(s.groups[name].bytes()),
		})
	}
	return out, nil
}

func (g *group) bytes() (bytes int64) {
	for _, l := range g.lines {
		bytes += int64(len(l.text))
	}
	return bytes
}

// number reads a token; 0 without one.
func number(token *string) (int64, error) {
	if token == nil {
		return 0, nil
	}
	n, err := strconv.ParseInt(*token, 10, 64)
	if err != nil || n < 0 {
		return 0, invalid("The specified nextToken is invalid.")
	}
	return n, nil
}

// checkLimit returns how many entries a page has at most.
func checkLimit(given *int32, most int) (int, error) {
	switch {
	case given == nil:
		return most, nil
	case *given < 1 || int(*given) > most:
		return 0, invalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must be between 1 and %d", *given, most)
	}
	return int(*given), nil
}
