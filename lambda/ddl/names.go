package ddl

import (
	"fmt"
	"strings"

	"dynamodb-to-s3/lambda/lazyregexp"
)

// The keys of the partitions.
const (
	RunTime    = "run_time"
	RunID      = "run_id"
	WindowFrom = "window_from"
	WindowTo   = "window_to"
)

// longestTable is how many characters a table's name has. Glue allows 255, and _changes, _history and the number of a version follow.
const longestTable = 240

var tableName = lazyregexp.New(`^[a-z0-9_]{1,240}$`)

// CheckName returns an error if a table or a database cannot have this name. Athena knows no other names without trouble.
func CheckName(name string) error {
	if !tableName().MatchString(name) {
		return fmt.Errorf("want 1 to %d of a-z, 0-9 and _", longestTable)
	}
	return nil
}

// TableName returns the name of the table for a table of DynamoDB: in lower case, and with _ for other characters.
func TableName(dynamo string) string {
	name := strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToLower(dynamo))
	return name[:min(len(name), longestTable)]
}

// PartitionKeys returns partition keys of the type string. A name that is one of the columns' gets _ in front.
func PartitionKeys(columns []Column, names ...string) []Column {
	used := map[string]bool{}
	for _, c := range columns {
		used[c.Name] = true
	}
	var keys []Column
	for _, name := range names {
		for used[name] {
			name = "_" + name
		}
		used[name] = true
		keys = append(keys, Column{Name: name, Type: "string"})
	}
	return keys
}
