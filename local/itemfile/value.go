package itemfile

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// kind names the type of a JSON value.
func kind(value any) string {
	switch value.(type) {
	case string:
		return "a string"
	case json.Number:
		return "a number"
	case bool:
		return "a boolean"
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	default:
		return "null"
	}
}

// convert returns the attributes of an object, with values in plain or in DynamoDB JSON.
func convert(members map[string]any, value func(any) (types.AttributeValue, error)) (Item, error) {
	item := make(Item, len(members))
	for name, member := range members {
		converted, err := value(member)
		if err != nil {
			return nil, err
		}
		item[name] = converted
	}
	return item, nil
}

func convertList(list []any, value func(any) (types.AttributeValue, error)) (types.AttributeValue, error) {
	converted := make([]types.AttributeValue, len(list))
	for i, member := range list {
		var err error
		if converted[i], err = value(member); err != nil {
			return nil, err
		}
	}
	return &types.AttributeValueMemberL{Value: converted}, nil
}

func convertMap(members map[string]any, value func(any) (types.AttributeValue, error)) (types.AttributeValue, error) {
	converted, err := convert(members, value)
	return &types.AttributeValueMemberM{Value: converted}, err
}

// plainValue reads plain JSON, which has no sets and no binary values.
func plainValue(value any) (types.AttributeValue, error) {
	switch v := value.(type) {
	case string:
		return &types.AttributeValueMemberS{Value: v}, nil
	case json.Number:
		return &types.AttributeValueMemberN{Value: v.String()}, nil
	case bool:
		return &types.AttributeValueMemberBOOL{Value: v}, nil
	case []any:
		return convertList(v, plainValue)
	case map[string]any:
		return convertMap(v, plainValue)
	default:
		return &types.AttributeValueMemberNULL{Value: true}, nil
	}
}

// typeOf returns the type of a value in DynamoDB JSON, such as S of {"S":"a"}, or "" if the object has another form.
func typeOf(members map[string]any) string {
	for name := range members {
		switch name {
		case "S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M":
			if len(members) == 1 {
				return name
			}
		}
	}
	return ""
}

// typedValue reads DynamoDB JSON.
func typedValue(value any) (types.AttributeValue, error) {
	members, _ := value.(map[string]any)
	name := typeOf(members)
	if name == "" {
		return nil, fmt.Errorf(`a value is no DynamoDB JSON: got %s, want an object with one type, such as {"S":"a"}`, kind(value))
	}
	return typedMember(name, members[name])
}

func typedMember(name string, value any) (types.AttributeValue, error) {
	wrong := func(want string) error {
		return fmt.Errorf("a value of type %s: got %s, want %s", name, kind(value), want)
	}
	switch name {
	case "S", "N", "B":
		text, ok := value.(string)
		if !ok {
			return nil, wrong("a string")
		}
		return scalar(name, text)
	case "BOOL":
		v, ok := value.(bool)
		if !ok {
			return nil, wrong("true or false")
		}
		return &types.AttributeValueMemberBOOL{Value: v}, nil
	case "NULL":
		if v, ok := value.(bool); !ok || !v {
			return nil, wrong("true")
		}
		return &types.AttributeValueMemberNULL{Value: true}, nil
	case "M":
		v, ok := value.(map[string]any)
		if !ok {
			return nil, wrong("an object")
		}
		return convertMap(v, typedValue)
	}
	v, ok := value.([]any)
	if !ok {
		return nil, wrong("a list")
	}
	if name == "L" {
		return convertList(v, typedValue)
	}
	return set(name, v)
}

func scalar(name, text string) (types.AttributeValue, error) {
	switch name {
	case "N":
		return &types.AttributeValueMemberN{Value: text}, nil
	case "B":
		bytes, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, errors.New("a value of type B is not base64")
		}
		return &types.AttributeValueMemberB{Value: bytes}, nil
	default:
		return &types.AttributeValueMemberS{Value: text}, nil
	}
}

// set reads SS, NS and BS.
func set(name string, list []any) (types.AttributeValue, error) {
	texts, binaries := make([]string, len(list)), make([][]byte, len(list))
	for i, member := range list {
		text, ok := member.(string)
		if !ok {
			return nil, fmt.Errorf("a member of a set of type %s: got %s, want a string", name, kind(member))
		}
		texts[i] = text
		if name == "BS" {
			bytes, err := base64.StdEncoding.DecodeString(text)
			if err != nil {
				return nil, errors.New("a member of a set of type BS is not base64")
			}
			binaries[i] = bytes
		}
	}
	switch name {
	case "SS":
		return &types.AttributeValueMemberSS{Value: texts}, nil
	case "NS":
		return &types.AttributeValueMemberNS{Value: texts}, nil
	default:
		return &types.AttributeValueMemberBS{Value: binaries}, nil
	}
}
