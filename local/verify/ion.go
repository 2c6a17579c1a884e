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
	return withFractions(item), nil
}

// allWithFractions applies withFractions to the items and to their keys.
func allWithFractions(items map[string]Item, keys []string) map[string]Item {
	changed := make(map[string]Item, len(items))
	for _, item := range items {
		item = withFractions(item)
		changed[identity(item, keys)] = item
	}
	return changed
}

// withFractions returns an item with its numbers written as fractions, so that equal numbers have equal texts: Ion may write 600
// as 6d2.
func withFractions(item Item) Item {
	return numbersAsFractions(&types.AttributeValueMemberM{Value: item}).(*types.AttributeValueMemberM).Value
}

func numbersAsFractions(value types.AttributeValue) types.AttributeValue {
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
		return mapMembers(value, numbersAsFractions)
	}
}

func fraction(number string) string {
	value, ok := new(big.Rat).SetString(number)
	if !ok {
		return fmt.Sprintf("%q, which is not a number", number)
	}
	return value.RatString()
}
