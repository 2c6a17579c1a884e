package verify

import (
	"fmt"
	"math/big"

	"dynamodb-to-s3/local/verify/ionitem"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// readIon reads a line of a scan in Amazon Ion.
func readIon(line []byte) (Item, error) {
	item, err := ionitem.Decode(line)
	if err != nil {
		return nil, err
	}
	return valued(&types.AttributeValueMemberM{Value: item}).(*types.AttributeValueMemberM).Value, nil
}

// byValue returns items with their numbers spelled by value, by their keys of that spelling. In Ion 600 may well be 6d2.
func byValue(items map[string]Item, keys []string) map[string]Item {
	spelled := make(map[string]Item, len(items))
	for _, item := range items {
		item = valued(&types.AttributeValueMemberM{Value: item}).(*types.AttributeValueMemberM).Value
		spelled[identity(item, keys)] = item
	}
	return spelled
}

// valued returns a value with its numbers spelled by value, as fractions: two that are equal are spelled alike.
func valued(value types.AttributeValue) types.AttributeValue {
	switch v := value.(type) {
	case *types.AttributeValueMemberN:
		return &types.AttributeValueMemberN{Value: fraction(v.Value)}
	case *types.AttributeValueMemberNS:
		set := make([]string, len(v.Value))
		for i, member := range v.Value {
			set[i] = fraction(member)
		}
		return &types.AttributeValueMemberNS{Value: set}
	default:
		return within(value, valued)
	}
}

func fraction(number string) string {
	value, ok := new(big.Rat).SetString(number)
	if !ok {
		return fmt.Sprintf("%q, which is no number", number)
	}
	return value.RatString()
}
