package schema

import (
	"encoding/json"
	"errors"
	"fmt"

	"dynamodb-to-s3/lambda/ddbjson"
)

// UnmarshalJSON implements json.Unmarshaler. It refuses what Decide never makes, so that no reader of a stored schema need check it.
func (s *Schema) UnmarshalJSON(body []byte) error {
	type plain Schema
	var in plain
	if err := json.Unmarshal(body, &in); err != nil {
		return err
	}
	if err := check(in.Columns); err != nil {
		return err
	}
	*s = Schema(in)
	return nil
}

func check(columns []Column) error {
	for _, c := range columns {
		if err := checkName(c.Name); err != nil {
			return fmt.Errorf("the name of a column: got %.100q, want %w", c.Name, err)
		}
		if err := c.check(); err != nil {
			return fmt.Errorf("column %q: %w", c.Name, err)
		}
	}
	return nil
}

// check returns an error if a type is not complete, or cannot hold its kind.
func (t Type) check() error {
	ok := t.Kind == ddbjson.KindN
	switch t.Name {
	case String:
		ok = t.Kind == ddbjson.KindS
	case Binary:
		ok = t.Kind == ddbjson.KindB
	case Boolean:
		ok = t.Kind == ddbjson.KindBOOL
	case JSON:
		ok = t.Kind == ddbjson.KindL || t.Kind == ddbjson.KindM
	case Integer, Double:
	case Decimal:
		ok = ok && (t.Precision == Precision || t.Precision == ShortPrecision) && 0 <= t.Scale && t.Scale <= t.Precision
	case Array, Map:
		if t.Element == nil {
			return errors.New("the type of the elements is missing")
		}
		ok = t.Kind == ddbjson.KindM
		if t.Name == Array {
			ok = t.Kind == ddbjson.KindL || t.Kind.Element() != ddbjson.KindNone && t.Kind.Element() == t.Element.Kind
		}
		if err := t.Element.check(); err != nil {
			return err
		}
	case Struct:
		if len(t.Fields) == 0 {
			return errors.New("the fields are missing")
		}
		if err := check(t.Fields); err != nil {
			return err
		}
		ok = t.Kind == ddbjson.KindM
	default:
		ok = false
	}
	if !ok {
		return fmt.Errorf("a column of the type %.100q with precision %d and scale %d does not hold %s", t.Name, t.Precision, t.Scale, t.Kind)
	}
	return nil
}
