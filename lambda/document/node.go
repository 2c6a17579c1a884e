// Package document reads what people write, requests in JSON and environments in YAML, and is strict about it. It decodes a document into
// Go structs and collects every problem at once, each with the path of its field and, in YAML, with its line.
//
// A reader makes a tree of Nodes: JSON is here, the one for YAML is in infra/environment. A Decoder fills structs from the tree. Its Report
// has the problems, and it takes those of later checks too. The package imports lazyregexp, problem and the standard library.
package document

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode"

	"dynamodb-to-s3/lambda/problem"
)

// Kind is the type of a value, in the words of a message.
type Kind string

// The kinds.
const (
	Object Kind = "an object"
	List   Kind = "a list"
	String Kind = "a string"
	Number Kind = "a number"
	Bool   Kind = "a boolean"
	Null   Kind = "null"
)

// Node is one value of a document, and all that is in it.
type Node struct {
	Kind Kind
	// Text is a string's value; a number or a boolean has it as it is written.
	Text     string
	Members  []Member // of an object, in order; a name that is given twice is there twice
	Elements []*Node  // of a list
	// Line is where the value begins, from 1; 0 where the reader does not know it.
	Line int
	// Fault is what the reader found wrong with the value, such as an alias in YAML. A node with a Want in it has no value.
	Fault problem.Problem
}

// Member is one field of an object.
type Member struct {
	Name  string
	Value *Node
	Line  int
}

// JSON reads a document that is one JSON value.
func JSON(text []byte) (*Node, error) {
	if err := json.Unmarshal(text, new(json.RawMessage)); err != nil {
		return nil, fmt.Errorf("not valid JSON: %w", err)
	}
	if err := CheckUnicode(text); err != nil {
		return nil, err
	}
	tokens := json.NewDecoder(bytes.NewReader(text))
	tokens.UseNumber()
	return next(tokens)
}

func next(tokens *json.Decoder) (*Node, error) {
	token, err := tokens.Token()
	node := &Node{Kind: Null, Text: "null"}
	switch value := token.(type) {
	case string:
		node = &Node{Kind: String, Text: value}
	case json.Number:
		node = &Node{Kind: Number, Text: value.String()}
	case bool:
		node = &Node{Kind: Bool, Text: strconv.FormatBool(value)}
	case json.Delim:
		if node = (&Node{Kind: List}); value == '{' {
			node.Kind = Object
		}
		for err == nil && tokens.More() {
			var name json.Token
			if node.Kind == Object {
				name, _ = tokens.Token() // a string: the text is valid JSON
			}
			var element *Node
			if element, err = next(tokens); node.Kind == List {
				node.Elements = append(node.Elements, element)
			} else {
				node.Members = append(node.Members, Member{Name: name.(string), Value: element})
			}
		}
		_, _ = tokens.Token() // the closing bracket
	}
	return node, err
}

// appendJSON appends the value as JSON, with members that are given twice.
func (n *Node) appendJSON(to []byte) []byte {
	switch n.Kind {
	case Object:
		to = append(to, '{')
		for i, member := range n.Members {
			if i > 0 {
				to = append(to, ',')
			}
			to = append((&Node{Kind: String, Text: member.Name}).appendJSON(to), ':')
			to = member.Value.appendJSON(to)
		}
		return append(to, '}')
	case List:
		to = append(to, '[')
		for i, element := range n.Elements {
			if i > 0 {
				to = append(to, ',')
			}
			to = element.appendJSON(to)
		}
		return append(to, ']')
	case String:
		text, _ := json.Marshal(n.Text) // a string always marshals
		return append(to, text...)
	default:
		return append(to, n.Text...)
	}
}

// shown returns the value as a message shows it: short, printable and on one line.
func (n *Node) shown() string {
	const most = 40 // characters of a number
	switch hidden := func(r rune) bool { return !unicode.IsPrint(r) }; n.Kind {
	case Number, Bool:
		if len(n.Text) <= most && !bytes.ContainsFunc([]byte(n.Text), hidden) {
			return n.Text
		}
		return problem.Quote(n.Text)
	case String:
		return problem.Quote(n.Text)
	default:
		return string(n.Kind)
	}
}
