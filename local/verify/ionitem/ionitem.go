// Package ionitem reads items that were exported in Amazon Ion. It uses Amazon's own Ion library, so it reads a line as any other
// reader would. It shares no code with the engine's codec, whose tests compare the codec with it.
//
// It imports the SDK's types and ion-go.
package ionitem

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/amazon-ion/ion-go/ion"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// marker is the version marker at the beginning of a line. The library (v1.5.0) would read it as a value.
const marker = "$ion_1_0 "

// Decode returns the item in a line of an export: $ion_1_0 {Item:{…}}. It is strict: it accepts one item, with the Ion types that
// an export uses, and no name twice in one map.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html
//
// It returns a number as coefficient and exponent, such as "-1250E-2" for -12.50, with exactly the digits of the line.
func Decode(line []byte) (map[string]types.AttributeValue, error) {
	value, ok := bytes.CutPrefix(line, []byte(marker))
	if !ok {
		return nil, fmt.Errorf("the line does not begin with %s", marker)
	}
	r := decoder{ion.NewReaderBytes(value)}
	if !r.Next() {
		return nil, errors.Join(errors.New("the line holds no value"), r.Err())
	}
	record, err := r.fields()
	if err != nil {
		return nil, err
	}
	item, ok := record["Item"].(*types.AttributeValueMemberM)
	if !ok || len(record) != 1 {
		return nil, errors.New("the line is not {Item:{…}}")
	}
	if r.Next() {
		return nil, errors.New("the line holds more than one value")
	}
	return item.Value, r.Err()
}

type decoder struct{ ion.Reader }

// fields reads the struct that the reader is at.
func (r decoder) fields() (map[string]types.AttributeValue, error) {
	if r.Type() != ion.StructType || r.IsNull() {
		return nil, fmt.Errorf("got a %s, want a struct", r.Type())
	}
	if err := r.StepIn(); err != nil {
		return nil, err
	}
	fields := map[string]types.AttributeValue{}
	for r.Next() {
		name, err := r.FieldName()
		if err != nil {
			return nil, err
		}
		if name.Text == nil {
			return nil, fmt.Errorf("a field has the undefined symbol %d as its name", name.LocalSID)
		}
		if fields[*name.Text] != nil {
			return nil, fmt.Errorf("field %q occurs twice", *name.Text)
		}
		if fields[*name.Text], err = r.value(); err != nil {
			return nil, err
		}
	}
	return fields, errors.Join(r.Err(), r.StepOut())
}

// value reads the value that the reader is at.
func (r decoder) value() (types.AttributeValue, error) {
	annotations, err := r.Annotations()
	if err != nil {
		return nil, err
	}
	switch {
	case len(annotations) == 1 && r.Type() == ion.ListType && annotations[0].Text != nil:
		return r.set(*annotations[0].Text)
	case len(annotations) > 0:
		return nil, fmt.Errorf("a %s has annotations", r.Type())
	case r.Type() == ion.NullType:
		return &types.AttributeValueMemberNULL{Value: true}, nil
	case r.IsNull():
		return nil, fmt.Errorf("there is a null.%s", r.Type())
	}
	switch r.Type() {
	case ion.BoolType:
		value, err := r.BoolValue()
		if err != nil {
			return nil, err
		}
		return &types.AttributeValueMemberBOOL{Value: *value}, nil
	case ion.DecimalType:
		value, err := r.decimal()
		return &types.AttributeValueMemberN{Value: value}, err
	case ion.StringType:
		value, err := r.text()
		return &types.AttributeValueMemberS{Value: value}, err
	case ion.BlobType:
		value, err := r.blob()
		return &types.AttributeValueMemberB{Value: value}, err
	case ion.StructType:
		value, err := r.fields()
		return &types.AttributeValueMemberM{Value: value}, err
	case ion.ListType:
		value, err := elements(r, r.value)
		return &types.AttributeValueMemberL{Value: value}, err
	default:
		return nil, fmt.Errorf("an export has no Ion type %s", r.Type())
	}
}

// set reads a list that is annotated as a set.
func (r decoder) set(annotation string) (types.AttributeValue, error) {
	switch annotation {
	case "$dynamodb_SS":
		value, err := elements(r, r.text)
		return &types.AttributeValueMemberSS{Value: value}, err
	case "$dynamodb_NS":
		value, err := elements(r, r.decimal)
		return &types.AttributeValueMemberNS{Value: value}, err
	case "$dynamodb_BS":
		value, err := elements(r, r.blob)
		return &types.AttributeValueMemberBS{Value: value}, err
	default:
		return nil, fmt.Errorf("a list is annotated as %s", annotation)
	}
}

// elements reads the list that the reader is at.
func elements[T any](r decoder, element func() (T, error)) ([]T, error) {
	if err := r.StepIn(); err != nil {
		return nil, err
	}
	list := []T{}
	for r.Next() {
		value, err := element()
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	return list, errors.Join(r.Err(), r.StepOut())
}

func (r decoder) text() (string, error) {
	value, err := r.StringValue()
	if err != nil || value == nil {
		return "", errors.Join(fmt.Errorf("got a %s, want a string", r.Type()), err)
	}
	return *value, nil
}

func (r decoder) blob() ([]byte, error) {
	if r.Type() != ion.BlobType || r.IsNull() {
		return nil, fmt.Errorf("got a %s, want a blob", r.Type())
	}
	value, err := r.ByteValue()
	return append([]byte{}, value...), err
}

func (r decoder) decimal() (string, error) {
	value, err := r.DecimalValue()
	if err != nil || value == nil {
		return "", errors.Join(fmt.Errorf("got a %s, want a decimal", r.Type()), err)
	}
	coefficient, exponent := value.CoEx()
	text := coefficient.String()
	if coefficient.Sign() == 0 && value.String()[0] == '-' {
		text = "-0"
	}
	return fmt.Sprintf("%sE%d", text, exponent), nil
}
