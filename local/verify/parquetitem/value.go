package parquetitem

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"dynamodb-to-s3/local/duckdb"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

var errNull = errors.New("there is a null where none can be")

// value returns the value in a cell of this type, or nil if the cell is null.
func (t typed) value(cell json.RawMessage) (types.AttributeValue, error) {
	if isNull(cell) {
		return nil, nil //nolint:nilnil // no value is no failure
	}
	switch {
	case t.Type == "json":
		return t.stored(cell)
	case t.Type == "struct" && t.Kind == "M":
		return t.fields(cell)
	case t.Type == "map" && t.Kind == "M":
		return t.entries(cell)
	case t.Type == "array" && t.Kind == "L":
		list, err := elements(cell, t.Element.member)
		return &types.AttributeValueMemberL{Value: list}, err
	case t.Type == "array" && t.Kind == "SS":
		set, err := elements(cell, required)
		return &types.AttributeValueMemberSS{Value: set}, err
	case t.Type == "array" && t.Kind == "NS":
		set, err := elements(cell, required)
		return &types.AttributeValueMemberNS{Value: set}, err
	case t.Type == "array" && t.Kind == "BS":
		set, err := elements(cell, binary)
		return &types.AttributeValueMemberBS{Value: set}, err
	case t.Kind == "BOOL":
		var value bool
		err := json.Unmarshal(cell, &value)
		return &types.AttributeValueMemberBOOL{Value: value}, err
	case t.Kind == "B":
		value, err := binary(cell)
		return &types.AttributeValueMemberB{Value: value}, err
	case t.Kind == "S":
		value, err := required(cell)
		return &types.AttributeValueMemberS{Value: value}, err
	case t.Kind == "N":
		value, err := required(cell)
		return &types.AttributeValueMemberN{Value: value}, err
	default:
		return nil, fmt.Errorf("the schema has a %s of kind %q", t.Type, t.Kind)
	}
}

// member returns the value of an element of a list or of a map, where null stands for NULL.
func (t typed) member(cell json.RawMessage) (types.AttributeValue, error) {
	value, err := t.value(cell)
	if value == nil && err == nil {
		return &types.AttributeValueMemberNULL{Value: true}, nil
	}
	return value, err
}

// stored returns a value that is stored as DynamoDB JSON.
func (t typed) stored(cell json.RawMessage) (types.AttributeValue, error) {
	value, err := required(cell)
	if err != nil {
		return nil, err
	}
	attributes, err := attributevalue.UnmarshalMapJSON([]byte(`{"value":` + value + `}`))
	if err != nil {
		return nil, err
	}
	switch attributes["value"].(type) {
	case *types.AttributeValueMemberL:
		if t.Kind == "L" {
			return attributes["value"], nil
		}
	case *types.AttributeValueMemberM:
		if t.Kind == "M" {
			return attributes["value"], nil
		}
	}
	return nil, fmt.Errorf("it holds a value that is no %s", t.Kind)
}

// fields returns the map that a struct stands for.
func (t typed) fields(cell json.RawMessage) (types.AttributeValue, error) {
	var cells map[string]json.RawMessage
	if err := json.Unmarshal(cell, &cells); err != nil {
		return nil, err
	}
	members := map[string]types.AttributeValue{}
	for _, f := range t.Fields {
		value, err := f.value(cells[f.Name])
		if err != nil {
			return nil, fmt.Errorf("%q: %w", f.Name, err)
		}
		if value != nil {
			members[f.Attribute] = value
		}
	}
	return &types.AttributeValueMemberM{Value: members}, nil
}

// entries returns the map that a MAP stands for.
func (t typed) entries(cell json.RawMessage) (types.AttributeValue, error) {
	var entries [][2]json.RawMessage
	if err := json.Unmarshal(cell, &entries); err != nil {
		return nil, err
	}
	members := map[string]types.AttributeValue{}
	for _, entry := range entries {
		name, err := required(entry[0])
		if err != nil {
			return nil, err
		}
		if members[name] != nil {
			return nil, errors.New("it has a key twice")
		}
		if members[name], err = t.Element.member(entry[1]); err != nil {
			return nil, err
		}
	}
	return &types.AttributeValueMemberM{Value: members}, nil
}

func elements[T any](cell json.RawMessage, element func(json.RawMessage) (T, error)) ([]T, error) {
	var cells duckdb.Row
	if err := json.Unmarshal(cell, &cells); err != nil {
		return nil, err
	}
	list := make([]T, len(cells))
	for i, cell := range cells {
		var err error
		if list[i], err = element(cell); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func isNull(cell json.RawMessage) bool { return string(cell) == "null" }

// text returns the text in a cell, or nil if it is null.
func text(cell json.RawMessage) (value *string, err error) {
	return value, json.Unmarshal(cell, &value)
}

func required(cell json.RawMessage) (string, error) {
	value, err := text(cell)
	if err == nil && value == nil {
		err = errNull
	}
	if err != nil {
		return "", err
	}
	return *value, nil
}

func binary(cell json.RawMessage) ([]byte, error) {
	value, err := required(cell)
	if err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(value)
}
