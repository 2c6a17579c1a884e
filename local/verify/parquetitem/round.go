package parquetitem

import (
	"maps"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Round returns an item with the numbers of columns of type double as doubles, which a request can ask for and which have fewer digits.
func (s Schema) Round(item map[string]types.AttributeValue) map[string]types.AttributeValue {
	return roundAll(s.columns, item)
}

func roundAll(columns []column, item map[string]types.AttributeValue) map[string]types.AttributeValue {
	rounded := maps.Clone(item)
	for _, c := range columns {
		if value := item[c.Attribute]; value != nil {
			rounded[c.Attribute] = c.round(value)
		}
	}
	return rounded
}

func (t typed) round(value types.AttributeValue) types.AttributeValue {
	switch v := value.(type) {
	case *types.AttributeValueMemberN:
		if t.Type == "double" {
			return &types.AttributeValueMemberN{Value: double(v.Value)}
		}
	case *types.AttributeValueMemberNS:
		if t.Type == "array" && t.Element.Type == "double" {
			set := make([]string, len(v.Value))
			for i, member := range v.Value {
				set[i] = double(member)
			}
			return &types.AttributeValueMemberNS{Value: set}
		}
	case *types.AttributeValueMemberL:
		if t.Type == "array" {
			list := make([]types.AttributeValue, len(v.Value))
			for i, member := range v.Value {
				list[i] = t.Element.round(member)
			}
			return &types.AttributeValueMemberL{Value: list}
		}
	case *types.AttributeValueMemberM:
		switch t.Type {
		case "struct":
			return &types.AttributeValueMemberM{Value: roundAll(t.Fields, v.Value)}
		case "map":
			members := make(map[string]types.AttributeValue, len(v.Value))
			for name, member := range v.Value {
				members[name] = t.Element.round(member)
			}
			return &types.AttributeValueMemberM{Value: members}
		}
	}
	return value
}

// double returns a number as the nearest double.
func double(number string) string {
	value, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return number
	}
	return strconv.FormatFloat(value, 'g', -1, 64)
}
