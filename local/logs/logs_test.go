package logs

import (
	"errors"
	"fmt"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"dynamodb-to-s3/local/awsjson/modeltest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/smithy-go"
)

func newClient(url string) *cloudwatchlogs.Client {
	return cloudwatchlogs.New(cloudwatchlogs.Options{
		Region: "us-east-1", BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""), Retryer: aws.NopRetryer{},
	})
}

func TestShapesAreThoseOfTheModel(t *testing.T) {
	t.Parallel()
	service := modeltest.Service{
		Protocol: &protocol, Operations: slices.Collect(maps.Keys(New().calls)), Client: func(url string) any { return newClient(url) },
	}
	service.CheckInputs(t)
	service.CheckOutputs(t)
}

func start(t *testing.T, groups ...string) (*Server, *cloudwatchlogs.Client) {
	t.Helper()
	server := New(groups...)
	http := httptest.NewServer(server)
	t.Cleanup(http.Close)
	return server, newClient(http.URL)
}

func write(t *testing.T, s *Server, group string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if n, err := fmt.Fprintln(s.Writer(group), line); err != nil || n != len(line)+1 {
			t.Fatal(n, err)
		}
	}
}

// filtered returns the messages of each page.
func filtered(t *testing.T, client *cloudwatchlogs.Client, in cloudwatchlogs.FilterLogEventsInput) (pages []string) {
	t.Helper()
	all := cloudwatchlogs.NewFilterLogEventsPaginator(client, &in)
	for all.HasMorePages() {
		page, err := all.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var messages []string
		for _, event := range page.Events {
			messages = append(messages, *event.Message)
		}
		pages = append(pages, strings.Join(messages, " "))
	}
	return pages
}

func TestFilterLogEvents(t *testing.T) {
	t.Parallel()
	s, client := start(t, "plan", "scan")
	write(t, s, "plan", "a1", "b2")
	write(t, s, "scan", "c3", `{"run":"night-1","x":"y z"}`, "b5", "b6")
	for i := range s.groups["scan"].lines {
		s.groups["scan"].lines[i].at = int64(1000 + i)
	}
	object := `{"run":"night-1","x":"y z"}`
	for _, test := range []struct {
		in   cloudwatchlogs.FilterLogEventsInput
		want []string
	}{
		{cloudwatchlogs.FilterLogEventsInput{}, []string{"c3 " + object + " b5 b6"}},
		{cloudwatchlogs.FilterLogEventsInput{Limit: aws.Int32(4)}, []string{"c3 " + object + " b5 b6"}},
		{cloudwatchlogs.FilterLogEventsInput{Limit: aws.Int32(3)}, []string{"c3 " + object + " b5", "b6"}},
		{cloudwatchlogs.FilterLogEventsInput{StartTime: aws.Int64(1001), EndTime: aws.Int64(1002)}, []string{object + " b5"}},
		{cloudwatchlogs.FilterLogEventsInput{StartTime: aws.Int64(1004)}, []string{""}},
		{cloudwatchlogs.FilterLogEventsInput{FilterPattern: aws.String("b")}, []string{"b5 b6"}},
		{cloudwatchlogs.FilterLogEventsInput{FilterPattern: aws.String("b"), Limit: aws.Int32(1)}, []string{"b5", "b6"}},
		{cloudwatchlogs.FilterLogEventsInput{FilterPattern: aws.String(` "night-1"  "y z"`)}, []string{object}},
		{cloudwatchlogs.FilterLogEventsInput{FilterPattern: aws.String("night-1 other")}, []string{""}},
		{cloudwatchlogs.FilterLogEventsInput{FilterPattern: aws.String(`"\"run\":\"night-1\""`)}, []string{object}},
	} {
		test.in.LogGroupName = aws.String("scan")
		if got := filtered(t, client, test.in); !slices.Equal(got, test.want) {
			t.Errorf("%+v: got %q", test.in, got)
		}
	}
	if got := filtered(t, client, cloudwatchlogs.FilterLogEventsInput{LogGroupIdentifier: aws.String(arnPrefix + "plan")}); !slices.Equal(got, []string{"a1 b2"}) {
		t.Errorf("by the ARN: got %q", got)
	}
	for _, test := range []struct {
		in   cloudwatchlogs.FilterLogEventsInput
		want string
	}{
		{cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("other")}, "ResourceNotFoundException: The specified log group does not exist."},
		{cloudwatchlogs.FilterLogEventsInput{}, "InvalidParameterException: Exactly one of logGroupName and logGroupIdentifier must be given"},
		{cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("scan"), Limit: aws.Int32(10_001)}, "InvalidParameterException: 1 validation error detected: Value '10001' at 'limit'"},
		{cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("scan"), Limit: aws.Int32(0)}, "InvalidParameterException: 1 validation error detected: Value '0' at 'limit'"},
		{cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("scan"), NextToken: aws.String("x")}, "InvalidParameterException: The specified nextToken is invalid."},
		{cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("scan"), FilterPattern: aws.String(`{ $.run = "x" }`)}, "InvalidParameterException: filterPattern: this server supports only words"},
		{cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("scan"), FilterPattern: aws.String(`a ?b`)}, "InvalidParameterException: filterPattern: this server supports only words"},
		{cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("scan"), FilterPattern: aws.String(`"a`)}, "InvalidParameterException: Invalid filter pattern: \"a"},
		{cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("scan"), LogStreamNames: []string{"x"}}, "InvalidParameterException: logStreamNames: this server does not support it"},
	} {
		_, err := client.FilterLogEvents(t.Context(), &test.in)
		refusal, ok := errors.AsType[smithy.APIError](err)
		if !ok || !strings.HasPrefix(refusal.ErrorCode()+": "+refusal.ErrorMessage(), test.want) {
			t.Errorf("%+v: got %v, want %s", test.in, err, test.want)
		}
	}
}

// A follower reads each line once: the lines that come after its last page follow the last event that it saw.
func TestFollow(t *testing.T) {
	t.Parallel()
	s, client := start(t, "scan")
	write(t, s, "scan", "1", "2", "3")
	first, err := client.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("scan"), Limit: aws.Int32(2)})
	if err != nil {
		t.Fatal(err)
	}
	write(t, s, "scan", "4")
	if got := filtered(t, client, cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("scan"), NextToken: first.NextToken}); !slices.Equal(got, []string{"3 4"}) {
		t.Errorf("got %q", got)
	}
}

// A group that is full loses its oldest lines.
func TestGroupIsBounded(t *testing.T) {
	t.Parallel()
	s, client := start(t, "scan")
	for i := range maxLines + 1 {
		write(t, s, "scan", fmt.Sprint(i))
	}
	page, err := client.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("scan"), Limit: aws.Int32(1)})
	if n := len(s.groups["scan"].lines); err != nil || *page.Events[0].Message != fmt.Sprint(maxLines/10) || n != maxLines*9/10+1 {
		t.Errorf("got %+v of %d lines, %v", page, n, err)
	}
	if _, err := fmt.Fprint(s.Writer("other"), "x"); err == nil {
		t.Error("a line of another group is lost without an error")
	}
}

func TestDescribeLogGroups(t *testing.T) {
	t.Parallel()
	s, client := start(t, "b-1", "a-1", "a-3", "a-2")
	write(t, s, "a-3", "four")
	var names []string
	pages := cloudwatchlogs.NewDescribeLogGroupsPaginator(client, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String("a-"), Limit: aws.Int32(2)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range page.LogGroups {
			names = append(names, fmt.Sprint(*g.LogGroupName, " ", *g.StoredBytes))
		}
		names = append(names, "")
	}
	if fmt.Sprint(names) != "[a-1 0 a-2 0  a-3 4 ]" {
		t.Errorf("got %q", names)
	}
}
