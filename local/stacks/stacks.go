// Package stacks answers DescribeStacks of CloudFormation for one stack, over the AWS query protocol.
//
// It imports the standard library only.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html
package stacks

import (
	"crypto/rand"
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// A Stack is the stack that the handler describes. It was created when the handler was made.
type Stack struct {
	Name, ID string // the ID is the ARN
	Outputs  []Output
	Created  time.Time
}

// An Output is an output of the stack.
type Output struct {
	Key         string `xml:"OutputKey"`
	Value       string `xml:"OutputValue"`
	Description string `xml:",omitempty"`
}

const (
	namespace = "http://cloudformation.amazonaws.com/doc/2010-05-15/"
	version   = "2010-05-15"
)

// Answers reports whether a request is a call of CloudFormation: the other services that this project uses have no forms.
func Answers(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
}

type described struct {
	XMLName xml.Name `xml:"DescribeStacksResponse"`
	XMLNS   string   `xml:"xmlns,attr"`
	Stacks  []member `xml:"DescribeStacksResult>Stacks>member"`
	Request string   `xml:"ResponseMetadata>RequestId"`
}

type member struct {
	StackID      string `xml:"StackId"`
	StackName    string
	CreationTime string
	StackStatus  string
	Outputs      []Output `xml:"Outputs>member"`
}

type refused struct {
	XMLName xml.Name `xml:"ErrorResponse"`
	XMLNS   string   `xml:"xmlns,attr"`
	Type    string   `xml:"Error>Type"`
	Code    string   `xml:"Error>Code"`
	Message string   `xml:"Error>Message"`
	Request string   `xml:"RequestId"`
}

// ServeHTTP answers a call.
func (s Stack) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	refuse := func(code, format string, values ...any) {
		write(w, http.StatusBadRequest, refused{XMLNS: namespace, Type: "Sender", Code: code, Message: fmt.Sprintf(format, values...), Request: rand.Text()})
	}
	if err := r.ParseForm(); err != nil {
		refuse("ValidationError", "the body is no form: %v", err)
		return
	}
	action, name := r.PostForm.Get("Action"), r.PostForm.Get("StackName")
	switch {
	case action != "DescribeStacks" || r.PostForm.Get("Version") != version:
		refuse("InvalidAction", "this server does not have the action %q of version %q", action, r.PostForm.Get("Version"))
	case name != "" && name != s.Name && name != s.ID:
		refuse("ValidationError", "Stack with id %s does not exist", name)
	default:
		write(w, http.StatusOK, described{XMLNS: namespace, Request: rand.Text(), Stacks: []member{{
			StackID: s.ID, StackName: s.Name, CreationTime: s.Created.UTC().Format(time.RFC3339Nano), StackStatus: "CREATE_COMPLETE", Outputs: s.Outputs,
		}}})
	}
}

func write(w http.ResponseWriter, status int, answer any) {
	body, err := xml.Marshal(answer)
	if err != nil {
		panic(fmt.Sprintf("internal error: an answer that is not XML: %v", err))
	}
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	_, _ = w.Write(append([]byte(xml.Header), body...)) // fails only if the client has left
}
