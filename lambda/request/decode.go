package request

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"dynamodb-to-s3/lambda/document"
	"dynamodb-to-s3/lambda/failure"
)

// decode fills into, a pointer to a struct, from one JSON value. It is stricter than encoding/json, and it does not stop at
// the first fault: an unknown field, a field given twice, a wrong type or a null each become a problem under the field's path.
func decode(raw json.RawMessage, into any, found *failure.Problems) {
	decodeValue(raw, reflect.ValueOf(into).Elem(), "", found)
}

var attributeValueType = reflect.TypeFor[AttributeValue]()

func decodeValue(raw json.RawMessage, into reflect.Value, path string, found *failure.Problems) {
	if into.Type() == attributeValueType {
		into.SetBytes(bytes.Clone(raw))
		checkAttributeValue(raw, path, 0, found)
		return
	}
	switch into.Kind() {
	case reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		decodeValue(raw, into.Elem(), path, found)
	case reflect.Struct:
		decodeStruct(raw, into, path, found)
	case reflect.Map:
		into.Set(reflect.MakeMap(into.Type()))
		eachMember(raw, path, found, func(name string, value json.RawMessage) {
			element := reflect.New(into.Type().Elem()).Elem()
			decodeValue(value, element, member(path, name), found)
			into.SetMapIndex(reflect.ValueOf(name), element)
		})
	case reflect.Slice:
		eachElement(raw, path, found, func(value json.RawMessage, path string) {
			element := reflect.New(into.Type().Elem()).Elem()
			decodeValue(value, element, path, found)
			into.Set(reflect.Append(into, element))
		})
	default:
		decodeScalar(raw, into, path, found)
	}
}

func decodeScalar(raw json.RawMessage, into reflect.Value, path string, found *failure.Problems) {
	got := kindOf(raw)
	switch into.Kind() {
	case reflect.String:
		if got != "string" {
			found.Add(path, "got %s, want a string", got)
			return
		}
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			found.Add(path, "not a JSON string: %v", err)
			return
		}
		into.SetString(text)
	case reflect.Bool:
		if got != "boolean" {
			found.Add(path, "got %s, want true or false", got)
			return
		}
		into.SetBool(raw[0] == 't')
	case reflect.Float64:
		number, err := strconv.ParseFloat(string(raw), 64)
		if got != "number" || err != nil {
			found.Add(path, "got %s, want a number", shown(raw))
			return
		}
		into.SetFloat(number)
	default:
		number, err := strconv.ParseInt(string(raw), 10, 64)
		if got != "number" || err != nil {
			found.Add(path, "got %s, want a whole number", shown(raw))
			return
		}
		into.SetInt(number)
	}
}

func decodeStruct(raw json.RawMessage, into reflect.Value, path string, found *failure.Problems) {
	fields := fieldsOf(into.Type())
	eachMember(raw, path, found, func(name string, value json.RawMessage) {
		index, known := fields[name]
		switch {
		case known && string(value) == `""` && into.Type().Field(index).Tag.Get("empty") == "":
			found.Add(join(path, name), "is empty: leave it out, or give a value")
		case known:
			decodeValue(value, into.Field(index), join(path, name), found)
		case into.Type() == reflect.TypeFor[Scan]() && unmirrored[name] != "":
			found.Add(join(path, name), "not accepted: %s", unmirrored[name])
		default:
			found.Add(join(path, failure.Quote(name)), "unknown field%s", document.Suggestion(name, slices.Collect(maps.Keys(fields))))
		}
	})
}

// eachMember calls visit for each member of a JSON object in the order given. A name that is given twice is a problem, for
// readers do not agree on which of the two counts.
func eachMember(raw json.RawMessage, path string, found *failure.Problems, visit func(name string, value json.RawMessage)) {
	if kindOf(raw) != "object" {
		found.Add(orRequest(path), "got %s, want an object", kindOf(raw))
		return
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	_, _ = decoder.Token() // the brace that kindOf has seen
	seen := map[string]bool{}
	for decoder.More() {
		token, err := decoder.Token()
		name, isName := token.(string)
		var value json.RawMessage
		if err == nil && isName {
			err = decoder.Decode(&value)
		}
		if err != nil { // the deployment's defaults were not read before
			found.Add(orRequest(path), "not valid JSON: %v", err)
			return
		}
		if seen[name] {
			found.Add(join(path, failure.Quote(name)), "given twice")
			continue
		}
		seen[name] = true
		visit(name, value)
	}
}

// eachElement calls visit for each element of a JSON array, with the element's own path.
func eachElement(raw json.RawMessage, path string, found *failure.Problems, visit func(element json.RawMessage, path string)) {
	var elements []json.RawMessage
	if kindOf(raw) != "array" || json.Unmarshal(raw, &elements) != nil {
		found.Add(path, "got %s, want an array", kindOf(raw))
		return
	}
	for i, element := range elements {
		visit(element, path+"["+strconv.Itoa(i)+"]")
	}
}

// fieldsOf returns the index of each field of a struct type by its JSON name.
func fieldsOf(t reflect.Type) map[string]int {
	fields := make(map[string]int, t.NumField())
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		fields[name] = i
	}
	return fields
}

// kindOf names the JSON type of a valid JSON value by its first byte.
func kindOf(raw json.RawMessage) string {
	raw = bytes.TrimLeft(raw, " \t\r\n")
	if len(raw) == 0 {
		return "nothing"
	}
	switch raw[0] {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	default:
		return "number"
	}
}

// shown returns a value as an error may show it: short, printable and on one line.
func shown(raw json.RawMessage) string {
	const most = 60
	switch kind := kindOf(raw); kind {
	case "object", "array":
		return kind
	case "string":
		var text string
		_ = json.Unmarshal(raw, &text) // it is valid, or of the deployment's defaults: then it shows as ""
		return failure.Quote(text)
	default:
		if len(raw) > most {
			return string(raw[:most]) + "…"
		}
		return string(raw)
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func orRequest(path string) string {
	if path == "" {
		return "the request"
	}
	return path
}

// member is the path of a member of a map, whose name is the user's and may hold anything.
func member(path, name string) string {
	if !plainName.MatchString(name) {
		name = failure.Quote(name)
	}
	return join(path, name)
}

var plainName = regexp.MustCompile(`^[#:]?[a-zA-Z0-9_-]{1,64}$`)
