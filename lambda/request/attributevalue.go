package request

import (
	"encoding/base64"
	"encoding/json"
	"regexp"

	"dynamodb-to-s3/lambda/document"
	"dynamodb-to-s3/lambda/failure"
)

// maxNesting is how deep DynamoDB lets lists and maps lie in one another.
const maxNesting = 32

var numberPattern = regexp.MustCompile(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?$`)

var attributeTypes = []string{"S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"}

// checkAttributeValue adds a problem for each place where raw is no attribute value in DynamoDB JSON: an object with one
// member, named by its type. Problems never show the value itself, which is the user's data.
func checkAttributeValue(raw json.RawMessage, path string, depth int, found *failure.Problems) {
	if depth > maxNesting {
		found.Add(path, "nested deeper than the %d levels that DynamoDB allows", maxNesting)
		return
	}
	members := 0
	eachMember(raw, path, found, func(name string, value json.RawMessage) {
		members++
		checkTyped(name, value, member(path, name), depth, found)
	})
	if kindOf(raw) == "object" && members != 1 {
		found.Add(path, `got %d members, want one that names the type, such as {"S":"text"}`, members)
	}
}

func checkTyped(name string, value json.RawMessage, path string, depth int, found *failure.Problems) {
	switch name {
	case "S":
		checkText(value, path, "text", func(string) bool { return true }, found)
	case "N":
		checkText(value, path, "a number as a string", numberPattern.MatchString, found)
	case "B":
		checkText(value, path, "base64", isBase64, found)
	case "BOOL":
		if kindOf(value) != "boolean" {
			found.Add(path, "got %s, want true or false", kindOf(value))
		}
	case "NULL":
		if string(value) != "true" {
			found.Add(path, "want true")
		}
	case "M":
		eachMember(value, path, found, func(name string, value json.RawMessage) {
			checkAttributeValue(value, member(path, name), depth+1, found)
		})
	case "L":
		eachElement(value, path, found, func(element json.RawMessage, path string) {
			checkAttributeValue(element, path, depth+1, found)
		})
	case "SS", "NS", "BS":
		members := 0
		eachElement(value, path, found, func(element json.RawMessage, path string) {
			members++
			checkTyped(name[:1], element, path, depth, found)
		})
		if kindOf(value) == "array" && members == 0 {
			found.Add(path, "a set may not be empty")
		}
	default:
		found.Add(path, "unknown attribute type%s; allowed: %v", document.Suggestion(name, attributeTypes), attributeTypes)
	}
}

func checkText(value json.RawMessage, path, want string, valid func(string) bool, found *failure.Problems) {
	var text string
	if kindOf(value) != "string" || json.Unmarshal(value, &text) != nil {
		found.Add(path, "got %s, want %s", kindOf(value), want)
	} else if !valid(text) {
		found.Add(path, "want %s", want)
	}
}

func isBase64(text string) bool {
	_, err := base64.StdEncoding.DecodeString(text)
	return err == nil
}
