package request

import (
	"encoding/base64"

	"dynamodb-to-s3/lambda/document"
	"dynamodb-to-s3/lambda/lazyregexp"
)

// maxNesting is how many levels of lists and maps DynamoDB allows.
const maxNesting = 32

var numberPattern = lazyregexp.New(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?$`)

var attributeTypes = []string{"S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"}

// checkAttributeValue adds a problem for each place where a node is not an attribute value in DynamoDB JSON: an object with one member,
// whose name is the type. Problems never show the value itself, which is the user's data.
func checkAttributeValue(node *document.Node, path string, depth int, found *document.Report) {
	if depth > maxNesting {
		found.Add(path, "", "has more than the %d levels of lists and maps that DynamoDB allows", maxNesting)
		return
	}
	if !isKind(node, document.Object, path, found) {
		return
	}
	members := 0
	found.EachMember(node, path, func(name string, value *document.Node, path string) {
		members++
		checkTyped(name, value, path, depth, found)
	})
	if members != 1 {
		found.Add(path, "", `has %d members, want one whose name is the type, such as {"S":"text"}`, members)
	}
}

func checkTyped(name string, value *document.Node, path string, depth int, found *document.Report) {
	switch name {
	case "S":
		if isKind(value, document.String, path, found) {
			checkTemplate(value.Text, path, found)
		}
	case "N":
		if isKind(value, document.String, path, found) && !numberPattern().MatchString(value.Text) {
			found.Add(path, "", `want a number in a string, such as "1.5"`)
		}
	case "B":
		if isKind(value, document.String, path, found) {
			if _, err := base64.StdEncoding.DecodeString(value.Text); err != nil {
				found.Add(path, "", "want binary data in base64")
			}
		}
	case "BOOL":
		isKind(value, document.Bool, path, found)
	case "NULL":
		if value.Kind != document.Bool || value.Text != "true" {
			found.Add(path, "", "want true")
		}
	case "M":
		if isKind(value, document.Object, path, found) {
			found.EachMember(value, path, func(_ string, value *document.Node, path string) {
				checkAttributeValue(value, path, depth+1, found)
			})
		}
	case "L":
		if isKind(value, document.List, path, found) {
			found.EachElement(value, path, func(element *document.Node, path string) { checkAttributeValue(element, path, depth+1, found) })
		}
	case "SS", "NS", "BS":
		if isKind(value, document.List, path, found) {
			found.EachElement(value, path, func(element *document.Node, path string) { checkTyped(name[:1], element, path, depth, found) })
			if len(value.Elements) == 0 {
				found.Add(path, "", "is an empty set, which DynamoDB does not have")
			}
		}
	default:
		found.Add(path, "", "unknown attribute type%s", document.Alternatives(name, attributeTypes))
	}
}

// isKind adds a problem if a node is of another kind.
func isKind(node *document.Node, kind document.Kind, path string, found *document.Report) bool {
	if node.Kind != kind {
		found.Add(path, string(node.Kind), "%s", kind)
	}
	return node.Kind == kind
}
