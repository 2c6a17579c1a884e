package usertable

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"

	"dynamodb-to-s3/local/itemfile"
	"dynamodb-to-s3/local/progress"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// DynamoDB's limits, in bytes.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
const (
	largestItem         = 400 << 10
	largestPartitionKey = 2048
	largestSortKey      = 1024
)

// digest identifies a primary key. It takes less memory than the key itself.
type digest [16]byte

// checker checks the items of one table. It keeps less than 50 bytes for each item.
type checker struct {
	definition *Definition
	files      []string       // in the order of the items
	seen       map[digest]int // the index of the file, and the line in it: index<<lineBits | line
}

// lineBits is how many bits a line's number may have.
const lineBits = 44

func (c *checker) check(line itemfile.Line) error {
	var id []byte
	own := 0
	for i := range c.definition.keys {
		key := &c.definition.keys[i]
		value, err := key.check(line.Item, own)
		if err != nil {
			return err
		}
		if key.index == "" {
			own++
			id = append(binary.AppendUvarint(id, uint64(len(value))), value...)
		}
	}
	if size := itemSize(line.Item); size > largestItem {
		return fmt.Errorf("the item has %s bytes: DynamoDB's limit is 400 KB, %s bytes", progress.Count(int64(size)), progress.Count(largestItem))
	}
	sum := sha256.Sum256(id)
	d := digest(sum[:])
	if len(c.files) == 0 || c.files[len(c.files)-1] != line.File {
		c.files = append(c.files, line.File)
	}
	if first, again := c.seen[d]; again {
		place := fmt.Sprintf("line %d", first&(1<<lineBits-1))
		if file := c.files[first>>lineBits]; file != line.File {
			place = file + ", " + place
		}
		return fmt.Errorf("the item has the same key as the one in %s: a table has only one item of a key", place)
	}
	c.seen[d] = (len(c.files)-1)<<lineBits | int(line.Number)
	return nil
}

// check returns what identifies the item's value of a key. position is 0 for the table's partition key and 1 for its sort key.
func (k *key) check(item itemfile.Item, position int) (string, error) {
	subject := fmt.Sprintf("the key attribute %q", k.name)
	if k.index != "" {
		subject = fmt.Sprintf("the attribute %q, a key of the index %q,", k.name, k.index)
	}
	value, there := item[k.name]
	if !there {
		if k.index != "" {
			return "", nil // the index does not have the item
		}
		return "", fmt.Errorf("%s is missing", subject)
	}
	kind, text := scalar(value)
	if k.kind == "" && kind != "" {
		k.kind = kind // the first item decides
	}
	limit := largestPartitionKey
	if position == 1 {
		limit = largestSortKey
	}
	switch {
	case k.kind == "":
		return "", fmt.Errorf("%s has the type %s, want S, N or B", subject, typeName(value))
	case kind != k.kind:
		return "", fmt.Errorf("%s has the type %s, want %s", subject, typeName(value), k.kind)
	case text == "":
		return "", fmt.Errorf("%s is empty", subject)
	case k.index == "" && kind != types.ScalarAttributeTypeN && len(text) > limit:
		return "", fmt.Errorf("%s has %s bytes, want at most %s", subject, progress.Count(int64(len(text))), progress.Count(int64(limit)))
	}
	return text, nil
}

// scalar returns the type of a value that can be a key, and the same text for equal values.
func scalar(value types.AttributeValue) (types.ScalarAttributeType, string) {
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		return types.ScalarAttributeTypeS, v.Value
	case *types.AttributeValueMemberN:
		text, _ := itemfile.CanonicalNumber(v.Value) // it was checked when the line was read
		return types.ScalarAttributeTypeN, text
	case *types.AttributeValueMemberB:
		return types.ScalarAttributeTypeB, string(v.Value)
	default:
		return "", ""
	}
}

// typeName returns the name of a value's type, such as SS.
func typeName(value types.AttributeValue) string {
	return strings.TrimPrefix(fmt.Sprintf("%T", value), "*types.AttributeValueMember")
}

// itemSize returns the size of an item, in bytes, as DynamoDB counts it.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
func itemSize(item itemfile.Item) int {
	size := 0
	for name, value := range item {
		size += len(name) + valueSize(value)
	}
	return size
}

func valueSize(value types.AttributeValue) int {
	const container, member = 3, 1 // what a list or map takes, and each of its members
	size := 0
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		return len(v.Value)
	case *types.AttributeValueMemberN:
		return numberSize(v.Value)
	case *types.AttributeValueMemberB:
		return len(v.Value)
	case *types.AttributeValueMemberSS:
		for _, each := range v.Value {
			size += len(each)
		}
	case *types.AttributeValueMemberNS:
		for _, each := range v.Value {
			size += numberSize(each)
		}
	case *types.AttributeValueMemberBS:
		for _, each := range v.Value {
			size += len(each)
		}
	case *types.AttributeValueMemberL:
		size = container
		for _, each := range v.Value {
			size += member + valueSize(each)
		}
	case *types.AttributeValueMemberM:
		size = container + member*len(v.Value) + itemSize(v.Value)
	default:
		return 1 // BOOL and NULL
	}
	return size
}

// numberSize returns the size of a number: one byte, and one for each two digits.
func numberSize(text string) int {
	canonical, _ := itemfile.CanonicalNumber(text) // it was checked when the line was read
	digits := 0
	for ; digits < len(canonical) && canonical[digits] != 'e'; digits++ {
	}
	return 1 + (digits+1)/2
}
