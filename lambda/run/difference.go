package run

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"

	"dynamodb-to-s3/lambda/lazyregexp"
	"dynamodb-to-s3/lambda/problem"
)

// Difference compares the JSON of two values. It returns the path of the first difference, what got has there, and what want has, such as
// plan.concurrency is 2, and must be 4. It returns "" if there is no difference. It does not show the values of expressions. It does not show
// a transform either, because a transform can contain values.
func Difference(got, want any) string { return difference("", decoded(got), decoded(want)) }

// decoded returns the JSON of a value as maps, lists and texts, with numbers as they are written.
func decoded(value any) (read any) {
	decoder := json.NewDecoder(bytes.NewReader(Marshal(value)))
	decoder.UseNumber()
	if err := decoder.Decode(&read); err != nil {
		panic(fmt.Sprintf("internal error: %T cannot be read again: %v", value, err))
	}
	return read
}

// hidden matches the paths whose content is not shown. Below them, even a path can contain a part of a value.
var hidden = lazyregexp.New(`(?:^|\.)(?:ExpressionAttributeValues|AttributeValueList|transform)$`)

func difference(path string, got, want any) string {
	concealed := hidden().MatchString(path)
	switch gotten := got.(type) {
	case map[string]any:
		if wanted, same := want.(map[string]any); same && !concealed {
			all := maps.Clone(gotten)
			maps.Copy(all, wanted)
			for _, name := range slices.Sorted(maps.Keys(all)) {
				if found := difference(member(path, name), gotten[name], wanted[name]); found != "" {
					return found
				}
			}
			return ""
		}
	case []any:
		if wanted, same := want.([]any); same && !concealed {
			for i := range max(len(gotten), len(wanted)) {
				if found := difference(path+"["+strconv.Itoa(i)+"]", element(gotten, i), element(wanted, i)); found != "" {
					return found
				}
			}
			return ""
		}
	}
	switch {
	case reflect.DeepEqual(got, want):
		return ""
	case concealed:
		return path + " has another value than it must have"
	default:
		return path + " is " + shown(got) + ", and must be " + shown(want)
	}
}

// plainName matches a name that a path can have without quotes.
var plainName = lazyregexp.New(`^[\w:#-]{1,64}$`)

func member(path, name string) string {
	if !plainName().MatchString(name) {
		name = problem.Quote(name)
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

func element(list []any, i int) any {
	if i < len(list) {
		return list[i]
	}
	return nil
}

func shown(value any) string {
	switch v := value.(type) {
	case nil:
		return "nothing"
	case string:
		return problem.Quote(v)
	case map[string]any:
		return "an object"
	case []any:
		return "a list"
	default:
		return fmt.Sprint(v)
	}
}
