package itemfile

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// deepest is how many lists and maps DynamoDB nests.
const deepest = 32

// checkItem fails if DynamoDB would refuse a value of the item, whatever the table.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
func checkItem(item Item) error {
	for _, value := range item {
		if err := checkValue(value, 1); err != nil {
			return err
		}
	}
	return nil
}

func checkValue(value types.AttributeValue, level int) error {
	switch v := value.(type) {
	case *types.AttributeValueMemberN:
		_, err := CanonicalNumber(v.Value)
		return err
	case *types.AttributeValueMemberSS:
		return checkSet(v.Value, func(text string) (string, error) { return text, nil })
	case *types.AttributeValueMemberNS:
		return checkSet(v.Value, CanonicalNumber)
	case *types.AttributeValueMemberBS:
		return checkSet(v.Value, func(bytes []byte) (string, error) { return string(bytes), nil })
	case *types.AttributeValueMemberL:
		return checkMembers(slices.Values(v.Value), level)
	case *types.AttributeValueMemberM:
		return checkMembers(maps.Values(v.Value), level)
	}
	return nil
}

func checkMembers(members iter.Seq[types.AttributeValue], level int) error {
	if level > deepest {
		return fmt.Errorf("lists and maps are nested deeper than DynamoDB's %d levels", deepest)
	}
	for member := range members {
		if err := checkValue(member, level+1); err != nil {
			return err
		}
	}
	return nil
}

func checkSet[T any](members []T, identity func(T) (string, error)) error {
	if len(members) == 0 {
		return errors.New("a set is empty: DynamoDB stores no empty sets")
	}
	seen := make(map[string]bool, len(members))
	for _, member := range members {
		id, err := identity(member)
		if err != nil {
			return err
		}
		if seen[id] {
			return errors.New("a set has the same member twice")
		}
		seen[id] = true
	}
	return nil
}

// number is what DynamoDB accepts as a number: a sign, the digits before and after the point, and the exponent.
var number = regexp.MustCompile(`^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$`)

// CanonicalNumber returns the same text for equal numbers. It fails if DynamoDB cannot store the number: it keeps 38 digits, from
// 1E-130 up to 9.9…E+125.
func CanonicalNumber(text string) (string, error) {
	match := number.FindStringSubmatch(text)
	if match == nil || match[2]+match[3] == "" {
		return "", errors.New("a number is not written as a number")
	}
	digits := strings.TrimLeft(match[2]+match[3], "0")
	point := len(match[2]) - (len(match[2]+match[3]) - len(digits)) // the digits are a fraction after this many of them
	digits = strings.TrimRight(digits, "0")
	if digits == "" {
		return "0", nil
	}
	exponent, err := 0, error(nil)
	if match[4] != "" {
		if exponent, err = strconv.Atoi(match[4]); err != nil || math.Abs(float64(exponent)) > 1e6 {
			return "", errors.New("a number is out of DynamoDB's range, 1E-130 to 9.9…E+125")
		}
	}
	exponent += point - 1
	switch {
	case len(digits) > 38:
		return "", fmt.Errorf("a number has %d digits: DynamoDB keeps 38", len(digits))
	case exponent < -130, exponent > 125:
		return "", errors.New("a number is out of DynamoDB's range, 1E-130 to 9.9…E+125")
	}
	return fmt.Sprintf("%s%se%d", strings.TrimPrefix(match[1], "+"), digits, exponent), nil
}
