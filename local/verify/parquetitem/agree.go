package parquetitem

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// errCell means that a cell is not what its column can hold of the attribute in _rest. Sums over the column would be wrong.
var errCell = errors.New("the cell is not what its column can hold of the attribute in _rest")

// agree checks a cell whose whole value is in _rest: the cell has all of the value that its type can hold, and null in place of the rest. It
// reports whether the type holds the whole value.
func (t typed) agree(cell json.RawMessage, value types.AttributeValue) (whole bool, err error) {
	if _, null := value.(*types.AttributeValueMemberNULL); null || !t.is(value) {
		return false, absent(cell)
	}
	if t.Type == "json" {
		return true, t.equal(cell, value)
	}
	switch v := value.(type) {
	case *types.AttributeValueMemberM:
		if t.Type == "struct" {
			return t.agreeFields(cell, v.Value)
		}
		return t.agreeEntries(cell, v.Value)
	case *types.AttributeValueMemberL:
		return t.agreeElements(cell, v.Value, true)
	case *types.AttributeValueMemberSS:
		return t.agreeElements(cell, members(v.Value, func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }), false)
	case *types.AttributeValueMemberNS:
		return t.agreeElements(cell, members(v.Value, func(n string) types.AttributeValue { return &types.AttributeValueMemberN{Value: n} }), false)
	case *types.AttributeValueMemberBS:
		return t.agreeElements(cell, members(v.Value, func(b []byte) types.AttributeValue { return &types.AttributeValueMemberB{Value: b} }), false)
	case *types.AttributeValueMemberN:
		return t.agreeNumber(cell, v.Value)
	default:
		return true, t.equal(cell, value)
	}
}

func members[T any](set []T, of func(T) types.AttributeValue) []types.AttributeValue {
	list := make([]types.AttributeValue, len(set))
	for i, member := range set {
		list[i] = of(member)
	}
	return list
}

// is reports whether a value is of the kind of the column.
func (t typed) is(value types.AttributeValue) bool {
	return reflect.TypeOf(value).Elem().Name() == "AttributeValueMember"+t.Kind
}

// absent returns an error if a cell is not null.
func absent(cell json.RawMessage) error {
	if !isNull(cell) {
		return errCell
	}
	return nil
}

// equal returns an error if a cell does not hold exactly this value.
func (t typed) equal(cell json.RawMessage, value types.AttributeValue) error {
	got, err := t.value(cell)
	if err == nil && !reflect.DeepEqual(got, value) {
		err = errCell
	}
	return err
}

func (t typed) agreeFields(cell json.RawMessage, attributes map[string]types.AttributeValue) (whole bool, err error) {
	var cells map[string]json.RawMessage
	if err := json.Unmarshal(cell, &cells); err != nil || cells == nil {
		return false, errors.Join(errCell, err)
	}
	found := 0
	whole = true
	for _, f := range t.Fields {
		value := attributes[f.Attribute]
		if value == nil {
			if err := absent(cells[f.Name]); err != nil {
				return false, err
			}
			continue
		}
		found++
		held, err := f.agree(cells[f.Name], value)
		if err != nil {
			return false, fmt.Errorf("%q: %w", f.Name, err)
		}
		whole = whole && held
	}
	return whole && found == len(attributes), nil
}

func (t typed) agreeEntries(cell json.RawMessage, attributes map[string]types.AttributeValue) (whole bool, err error) {
	var entries [][2]json.RawMessage
	if err := json.Unmarshal(cell, &entries); err != nil || len(entries) != len(attributes) {
		return false, errors.Join(errCell, err)
	}
	whole = true
	for _, entry := range entries {
		name, err := required(entry[0])
		if err != nil {
			return false, err
		}
		value := attributes[name]
		if value == nil {
			return false, errCell
		}
		held, err := t.Element.agreeMember(entry[1], value)
		if err != nil {
			return false, err
		}
		whole = whole && held
	}
	return whole, nil
}

func (t typed) agreeElements(cell json.RawMessage, values []types.AttributeValue, nulls bool) (whole bool, err error) {
	var cells []json.RawMessage
	if err := json.Unmarshal(cell, &cells); err != nil || cells == nil || len(cells) != len(values) {
		return false, errors.Join(errCell, err)
	}
	whole = true
	for i, value := range values {
		held, err := t.Element.agree(cells[i], value)
		if nulls {
			held, err = t.Element.agreeMember(cells[i], value)
		}
		if err != nil {
			return false, err
		}
		whole = whole && held
	}
	return whole, nil
}

// agreeMember is agree for an element of a list or a map, where null stands for NULL.
func (t typed) agreeMember(cell json.RawMessage, value types.AttributeValue) (whole bool, err error) {
	_, null := value.(*types.AttributeValueMemberNULL)
	whole, err = t.agree(cell, value)
	return whole || null, err
}

// agreeNumber compares by value. A number with an exponent may be in _rest although it fits: DynamoDB never sends one.
func (t typed) agreeNumber(cell json.RawMessage, number string) (whole bool, err error) {
	want, ok := new(big.Rat).SetString(number)
	if !ok {
		return false, absent(cell)
	}
	if isNull(cell) {
		if t.fits(want) && !strings.ContainsAny(number, "eE") {
			return false, errCell
		}
		return false, nil
	}
	text, err := required(cell)
	if err != nil {
		return false, err
	}
	if t.Type == "double" {
		number, text = double(number), double(text)
		want, _ = new(big.Rat).SetString(number)
	}
	if got, ok := new(big.Rat).SetString(text); !ok || want == nil || got.Cmp(want) != 0 {
		return false, errCell
	}
	return true, nil
}

// power returns 10^n.
func power(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// fits reports whether the type holds a number.
func (t typed) fits(number *big.Rat) bool {
	scaled := new(big.Rat).Set(number)
	switch t.Type {
	case "bigint":
		return scaled.IsInt() && scaled.Num().IsInt64()
	case "decimal":
		scaled.Mul(scaled, new(big.Rat).SetInt(power(t.Scale)))
		return scaled.IsInt() && scaled.Num().CmpAbs(power(t.Precision)) < 0
	default:
		return true
	}
}
