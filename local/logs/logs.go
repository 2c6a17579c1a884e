// Package logs emulates CloudWatch Logs at the wire, over the protocol AWS JSON 1.1: log groups whose lines are in memory, FilterLogEvents and
// DescribeLogGroups. If a group has more than 50,000 lines, it loses its oldest ones.
//
// The inputs, outputs and errors of the operations are the types of the SDK, so they have the names and types of the service's model. A
// member of an input that the model does not have, or that this server does not act on, is refused by name.
//
// The package owns the emulation. It may import local/awsjson and the SDK.
package logs

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"dynamodb-to-s3/local/awsjson"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// maxLines is how many lines a group keeps.
const maxLines = 50_000

// arnPrefix begins the ARN of a group.
const arnPrefix = "arn:aws:logs:us-east-1:000000000000:log-group:"

// A Server holds log groups and answers for them. Its methods may be called from any goroutine.
type Server struct {
	created time.Time
	calls   map[string]awsjson.Call

	mu     sync.Mutex // guards the following fields
	groups map[string]*group
	last   int64 // the number of the last line of all groups
}

// group is a log group with one stream.
type group struct {
	stream string
	lines  []line // in the order in which they were written
}

type line struct {
	number int64
	at     int64 // milliseconds since 1970
	text   string
}

// New returns a server with empty groups.
func New(groups ...string) *Server {
	s := &Server{created: time.Now(), groups: map[string]*group{}}
	for _, name := range groups {
		s.groups[name] = &group{stream: time.Now().UTC().Format("2006/01/02/") + "[$LATEST]00000000000000000000000000000000"}
	}
	s.calls = map[string]awsjson.Call{"FilterLogEvents": awsjson.NewCall(&protocol, s.filterLogEvents), "DescribeLogGroups": awsjson.NewCall(&protocol, s.describeLogGroups)}
	return s
}

// Writer returns what writes to a group. Each Write is one event, as a log handler makes them.
func (s *Server) Writer(group string) io.Writer { return writer{s, group} }

type writer struct {
	server *Server
	group  string
}

func (w writer) Write(text []byte) (int, error) {
	s := w.server
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.groups[w.group]
	if g == nil {
		return 0, fmt.Errorf("there is no log group %q", w.group)
	}
	s.last++
	if len(g.lines) == maxLines {
		g.lines = slices.Delete(g.lines, 0, maxLines/10)
	}
	g.lines = append(g.lines, line{number: s.last, at: time.Now().UnixMilli(), text: strings.TrimSuffix(string(text), "\n")})
	return len(text), nil
}

// protocol is AWS JSON 1.1, as CloudWatch Logs speaks it.
var protocol = awsjson.Protocol{
	Target: "Logs_20140328.", ContentType: "application/x-amz-json-1.1", Lower: true,
	Invalid: func(message string) error { return invalid("%s", message) },
	Unsupported: map[string]bool{
		"logStreamNames": true, "logStreamNamePrefix": true, "startFromHead": true, "accountIdentifiers": true, "includeLinkedAccounts": true, "logGroupClass": true,
		"logGroupIdentifiers": true, "logGroupNamePattern": true,
	},
}

// Answers reports whether a request is a call of CloudWatch Logs.
func Answers(r *http.Request) bool {
	_, ours := protocol.Operation(r)
	return ours
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	protocol.Serve(w, r, s.calls, func(string) error { return nil })
}

// invalid is the error for an input that is wrong.
func invalid(format string, values ...any) error {
	message := fmt.Sprintf(format, values...)
	return &types.InvalidParameterException{Message: &message}
}
