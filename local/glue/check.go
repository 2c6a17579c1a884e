package glue

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// The limits of Glue's API, in characters and in entries.
// https://docs.aws.amazon.com/glue/latest/webapi/API_TableInput.html
// https://docs.aws.amazon.com/glue/latest/webapi/API_StorageDescriptor.html
const (
	maxName        = 255
	maxDescription = 2048
	maxComment     = 255
	maxType        = 131_072
	maxLocation    = 2056
	maxValue       = 1024 // of a partition
	maxParameter   = 512_000
)

// A check collects the problems of an input.
type check struct{ problems []string }

func (c *check) problem(format string, values ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, values...))
}

func (c *check) err() error {
	if n := len(c.problems); n > 0 {
		return invalid("%d validation error%s detected: %s", n, map[bool]string{true: "s"}[n > 1], strings.Join(c.problems, "; "))
	}
	return nil
}

// catalog checks the CatalogId of an input.
func (c *check) catalog(id *string) *check {
	if id != nil && *id != Account {
		c.problem("CatalogId: got %q, want %s or none", *id, Account)
	}
	return c
}

func (c *check) there(member string, is bool) bool {
	if !is {
		c.problem("Value null at '%s' failed to satisfy constraint: Member must not be null", member)
	}
	return is
}

// name checks a name that must be given.
func (c *check) name(member string, name *string) *check {
	if !c.there(member, name != nil) {
		return c
	}
	if *name == "" {
		c.problem("Value '' at '%s' failed to satisfy constraint: Member must have length greater than or equal to 1", member)
	}
	c.line(member, *name, maxName)
	return c
}

// line checks a text of one line: a name, a type or a comment.
func (c *check) line(member, text string, most int) {
	if n := utf8.RuneCountInString(text); n > most {
		c.problem("Value at '%s' failed to satisfy constraint: Member must have length less than or equal to %d, but has %d", member, most, n)
	}
	control := func(r rune) bool { return r < ' ' && r != '\t' }
	if !utf8.ValidString(text) || strings.ContainsFunc(text, control) {
		c.problem("Value at '%s' failed to satisfy constraint: Member must satisfy regular expression pattern: "+
			`[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*`, member)
	}
}

func (c *check) parameters(member string, parameters map[string]string) {
	for key, value := range parameters {
		c.name(member+" key", &key)
		if n := utf8.RuneCountInString(value); n > maxParameter {
			c.problem("Value at '%s.%s' failed to satisfy constraint: Member must have length less than or equal to %d, but has %d", member, key, maxParameter, n)
		}
	}
}

// limit checks MaxResults and returns it, or most if it is not given.
func (c *check) limit(given *int32, most int) int {
	if given == nil {
		return most
	}
	if n := int(*given); n < 1 || n > most {
		c.problem("Value '%d' at 'maxResults' failed to satisfy constraint: Member must be between 1 and %d", n, most)
	}
	return int(*given)
}

func (c *check) table(in *types.TableInput) {
	if !c.there("tableInput", in != nil) {
		return
	}
	c.name("tableInput.name", in.Name)
	if n := utf8.RuneCountInString(aws.ToString(in.Description)); n > maxDescription {
		c.problem("Value at 'tableInput.description' failed to satisfy constraint: Member must have length less than or equal to %d, but has %d", maxDescription, n)
	}
	c.parameters("tableInput.parameters", in.Parameters)
	c.columns("tableInput.partitionKeys", in.PartitionKeys)
	c.storage("tableInput.storageDescriptor", in.StorageDescriptor)
	if in.StorageDescriptor != nil {
		c.once(slices.Concat(in.StorageDescriptor.Columns, in.PartitionKeys))
	}
}

func (c *check) storage(member string, storage *types.StorageDescriptor) {
	if storage == nil {
		return
	}
	c.columns(member+".columns", storage.Columns)
	c.line(member+".location", aws.ToString(storage.Location), maxLocation)
	c.parameters(member+".parameters", storage.Parameters)
	if storage.SerdeInfo != nil {
		c.parameters(member+".serdeInfo.parameters", storage.SerdeInfo.Parameters)
	}
}

func (c *check) columns(member string, columns []types.Column) {
	for i, column := range columns {
		at := fmt.Sprintf("%s.%d.member", member, i+1)
		c.name(at+".name", column.Name)
		c.line(at+".type", aws.ToString(column.Type), maxType)
		c.line(at+".comment", aws.ToString(column.Comment), maxComment)
	}
}

// once checks that no two columns have one name. Glue stores such a table, but no engine reads it.
func (c *check) once(columns []types.Column) {
	seen := map[string]bool{}
	for _, column := range columns {
		if name := fold(column.Name); seen[name] {
			c.problem("the column %s is there twice", name)
		} else {
			seen[name] = true
		}
	}
}

func (c *check) partition(member string, in *types.PartitionInput, keys int) {
	if !c.there(member, in != nil) {
		return
	}
	c.values(member+".values", in.Values, keys)
	c.parameters(member+".parameters", in.Parameters)
	c.storage(member+".storageDescriptor", in.StorageDescriptor)
}

// values checks the values of a partition of a table with a number of partition keys.
func (c *check) values(member string, values []string, keys int) {
	if len(values) != keys {
		c.problem("The number of partition keys do not match the number of partition values: %s has %d, the table has %d", member, len(values), keys)
	}
	for _, value := range values {
		c.line(member, value, maxValue)
	}
}
