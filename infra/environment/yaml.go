package environment

import (
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"dynamodb-to-s3/lambda/document"
	"dynamodb-to-s3/lambda/problem"

	"go.yaml.in/yaml/v3"
)

const noAliases = "the value itself: anchors (&name), aliases (*name) and << are not accepted, and a value that begins with * or & needs quotes"

// readYAML reads the one document of a file. An empty file is an object without members. It returns nil for text that is not YAML.
func readYAML(text string, found *document.Report) *document.Node {
	stream := yaml.NewDecoder(strings.NewReader(text))
	var first, second yaml.Node
	err := stream.Decode(&first)
	if err == nil {
		if err = stream.Decode(&second); err == nil {
			found.AddProblem(problem.Problem{Want: "the file has a second document: an environment is one document", Line: second.Line})
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		found.AddProblem(syntaxProblem(text, err))
		return nil
	}
	if len(first.Content) == 0 || tagOf(first.Content[0]) == "!!null" { // only comments
		return &document.Node{Kind: document.Object}
	}
	return nodeOf(first.Content[0])
}

var (
	lineOfSyntax  = regexp.MustCompile(`^line (\d+): `)
	unknownAnchor = regexp.MustCompile(`^unknown anchor '(.*)' referenced`)
)

// syntaxProblem says why text is not YAML. The likeliest error is a pattern such as *-prod without quotes: * is YAML's sign for an alias.
func syntaxProblem(text string, err error) problem.Problem {
	words := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 1
	if match := lineOfSyntax.FindStringSubmatch(words); match != nil {
		line, _ = strconv.Atoi(match[1]) // digits, as matched
		words = words[len(match[0]):]
	}
	if match := unknownAnchor.FindStringSubmatch(words); match != nil {
		before, _, _ := strings.Cut(text, "*"+match[1])
		line = 1 + strings.Count(before, "\n")
		words = "got " + problem.Quote("*"+match[1]) + ", want " + noAliases
	} else if strings.Contains(words, "alphabetic or numeric character") {
		words += ": a value that begins with * or & needs quotes"
	} else if strings.Contains(words, "cannot start any token") {
		words += ": YAML is indented with spaces, not with tabs, and a value that begins with @, % or ` needs quotes"
	}
	return problem.Problem{Want: "not valid YAML: " + words, Line: line}
}

// nodeOf returns what a YAML node has in common with JSON. The rest of YAML is a fault: an anchor, an alias or a tag.
func nodeOf(from *yaml.Node) *document.Node {
	node := &document.Node{Text: from.Value, Line: from.Line, Kind: document.String}
	switch tag := tagOf(from); {
	case from.Kind == yaml.AliasNode:
		node.Fault = problem.Problem{Got: problem.Quote("*" + from.Value), Want: noAliases}
	case from.Anchor != "":
		node.Fault = problem.Problem{Got: problem.Quote("&" + from.Anchor), Want: noAliases}
	case from.Style&yaml.TaggedStyle != 0:
		node.Fault = problem.Problem{Got: "the tag " + problem.Quote(from.Tag), Want: "a value without a tag"}
	case from.Kind == yaml.MappingNode:
		node.Kind = document.Object
		for i := 0; i+1 < len(from.Content); i += 2 {
			node.Members = append(node.Members, memberOf(from.Content[i], from.Content[i+1]))
		}
	case from.Kind == yaml.SequenceNode:
		node.Kind = document.List
		for _, element := range from.Content {
			node.Elements = append(node.Elements, nodeOf(element))
		}
	case tag == "!!null":
		node.Kind = document.Null
	case tag == "!!bool":
		node.Kind = document.Bool
	case tag == "!!int" || tag == "!!float":
		node.Kind = document.Number
	}
	return node
}

func memberOf(name, value *yaml.Node) document.Member {
	member := document.Member{Name: name.Value, Line: name.Line, Value: nodeOf(value)}
	switch {
	case tagOf(name) == "!!merge":
		member.Value.Fault = problem.Problem{Want: "want " + noAliases}
	case name.Kind != yaml.ScalarNode || tagOf(name) == "!!null":
		member.Value.Fault = problem.Problem{Want: "the name of a field is not a string"}
	}
	return member
}

func tagOf(node *yaml.Node) string {
	if node.Kind != yaml.ScalarNode {
		return ""
	}
	return node.ShortTag()
}
