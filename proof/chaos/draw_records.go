package chaos

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"sync"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/local/verify"
	"dynamodb-to-s3/local/verify/ionitem"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// recordCheck compares the records of a commit with what its request makes of the items of a table.
type recordCheck struct {
	scenario Scenario
	table    *table
	keys     map[string]bool // of the items that the run reads; nil for all

	mu   sync.Mutex // guards seen
	seen map[string][]string
	read int
}

// add adds a record of the commit.
func (c *recordCheck) add(line []byte) error {
	key, text, err := c.scenario.decode(line)
	if err != nil {
		return err
	}
	c.keep(key, text)
	return nil
}

func (c *recordCheck) keep(key, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[key] = append(c.seen[key], text)
	c.read++
}

// complete returns an error if the records of an item are not those of one state that the item had during the run.
func (c *recordCheck) complete() error {
	for key := range c.seen {
		if c.table.items[key] == nil || c.keys != nil && !c.keys[key] {
			return fmt.Errorf("item %q was never in what the run reads", key)
		}
	}
	var lost []string
	for key, h := range c.table.items {
		if c.keys != nil && !c.keys[key] {
			continue
		}
		records := slices.Sorted(slices.Values(c.seen[key]))
		fits := len(records) == 0 && !h.throughout
		most := 0
		for _, version := range h.versions {
			want := slices.Sorted(slices.Values(c.scenario.records(version)))
			fits, most = fits || slices.Equal(records, want), max(most, len(want))
		}
		switch {
		case fits:
		case len(records) == 0:
			lost = append(lost, key)
		case len(records) > most:
			return fmt.Errorf("the commit has item %q twice: %d records instead of %d", key, len(records), most)
		default:
			return fmt.Errorf("the records of item %q are not those of one of the %d versions that the table has had", key, len(h.versions))
		}
	}
	slices.Sort(lost)
	if len(lost) > 0 {
		return fmt.Errorf("%d items are lost, such as %q", len(lost), lost[0])
	}
	return nil
}

// records returns the records that the scenario's request makes of an item, in the form of decode.
func (s Scenario) records(item verify.Item) []string {
	if s.recipe.keep != nil && !s.recipe.keep(item) {
		return nil
	}
	if s.recipe.project != nil {
		projected := verify.Item{}
		for _, name := range s.recipe.project {
			if value, there := item[name]; there {
				projected[name] = value
			}
		}
		item = projected
	}
	value := &types.AttributeValueMemberM{Value: item}
	if s.Format != request.FormatJSON && s.recipe.records == nil {
		return []string{textOf(typed(value))}
	}
	made := []any{plain(value)}
	if s.recipe.records != nil {
		made = s.recipe.records(made[0].(map[string]any))
	}
	var texts []string
	for _, record := range made {
		texts = append(texts, textOf(record))
	}
	return texts
}

// decode returns the key of the item that a record was made of, and the record in a form that is the same for equal records.
func (s Scenario) decode(line []byte) (key, text string, err error) {
	var item verify.Item
	switch s.Format {
	case request.FormatJSON:
		decoder := json.NewDecoder(bytes.NewReader(line))
		decoder.UseNumber()
		var record map[string]any
		if err := decoder.Decode(&record); err != nil {
			return "", "", err
		}
		key, _ := record["orderId"].(string)
		return key, textOf(rational(record)), nil
	case request.FormatION:
		item, err = ionitem.Decode(line)
	default:
		item, err = verify.DecodeItem(line)
	}
	return keyOf(item), textOf(typed(&types.AttributeValueMemberM{Value: item})), err
}

// textOf returns JSON with the members of objects in order.
func textOf(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("internal error: a record does not marshal: %v", err))
	}
	return string(text)
}

// fraction is a number whose text is the same for equal numbers: Ion may write 600 as 6d2.
type fraction struct{ Rational string }

func rationalOf(text string) fraction {
	value, ok := new(big.Rat).SetString(text)
	if !ok {
		return fraction{fmt.Sprintf("%q is not a number", text)}
	}
	return fraction{value.RatString()}
}

// rational replaces the numbers of plain JSON.
func rational(value any) any {
	switch v := value.(type) {
	case json.Number:
		return rationalOf(v.String())
	case []any:
		for i := range v {
			v[i] = rational(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = rational(v[name])
		}
	}
	return value
}

// plain returns a value as the format JSON has it.
func plain(value types.AttributeValue) any {
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberN:
		return rationalOf(v.Value)
	case *types.AttributeValueMemberB:
		return base64.StdEncoding.EncodeToString(v.Value)
	case *types.AttributeValueMemberBOOL:
		return v.Value
	case *types.AttributeValueMemberSS:
		return each(v.Value, func(member string) any { return member })
	case *types.AttributeValueMemberNS:
		return each(v.Value, func(member string) any { return rationalOf(member) })
	case *types.AttributeValueMemberBS:
		return each(v.Value, func(member []byte) any { return base64.StdEncoding.EncodeToString(member) })
	case *types.AttributeValueMemberL:
		return each(v.Value, plain)
	case *types.AttributeValueMemberM:
		members := map[string]any{}
		for name, member := range v.Value {
			members[name] = plain(member)
		}
		return members
	default:
		return nil
	}
}

// typed returns a value with the types of DynamoDB.
func typed(value types.AttributeValue) any {
	switch v := value.(type) {
	case *types.AttributeValueMemberL:
		return each(v.Value, typed)
	case *types.AttributeValueMemberM:
		members := map[string]any{}
		for name, member := range v.Value {
			members[name] = typed(member)
		}
		return map[string]any{"M": members}
	default:
		return map[string]any{fmt.Sprintf("%T", value): plain(value)}
	}
}

func each[T any](values []T, change func(T) any) []any {
	changed := make([]any, len(values))
	for i, value := range values {
		changed[i] = change(value)
	}
	return changed
}
