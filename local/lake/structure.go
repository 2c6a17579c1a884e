package lake

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"dynamodb-to-s3/local/duckdb"
)

// structured returns the query for the records of files of plain JSON of a run without a schema. All records decide the types, because the types
// of a sample may not fit the others. Texts stay texts, also those that look like dates.
func structured(ctx context.Context, db *duckdb.DB, paths []string) (string, error) {
	texts := make([]string, len(paths))
	for i, path := range paths {
		texts[i] = duckdb.Text(path)
	}
	files := "([" + strings.Join(texts, ", ") + "], hive_partitioning = false"
	_, rows, err := db.All(ctx, "select json_group_structure(json) from read_ndjson_objects"+files+")")
	if err != nil {
		return "", err
	}
	names, types, err := members(json.RawMessage(rows[0][0]))
	for i := range names {
		names[i] = duckdb.Name(names[i]) + ": " + duckdb.Text(types[i])
	}
	if err == nil && len(names) == 0 {
		err = errors.New("the records have no attributes")
	}
	return "select * from read_json" + files + ", format = 'newline_delimited', columns = {" + strings.Join(names, ", ") + "})", err
}

// members returns the names and types of the members of an object, in their order.
func members(of json.RawMessage) (names, types []string, err error) {
	decoder := json.NewDecoder(bytes.NewReader(of))
	_, err = decoder.Token() // {
	for err == nil && decoder.More() {
		var name json.Token
		var member json.RawMessage
		if name, err = decoder.Token(); err == nil {
			err = decoder.Decode(&member)
		}
		if err != nil {
			break
		}
		var typ string
		typ, err = typeOf(member)
		names, types = append(names, fmt.Sprint(name)), append(types, typ)
	}
	return names, types, err
}

// typeOf returns the type of a value: {"name": …} is a struct, […] is a list, and any other is the name of a type.
func typeOf(of json.RawMessage) (string, error) {
	switch of[0] {
	case '{':
		names, types, err := members(of)
		for i := range names {
			names[i] = duckdb.Name(names[i]) + " " + types[i]
		}
		if len(names) == 0 { // only empty objects
			return "JSON", err
		}
		return "STRUCT(" + strings.Join(names, ", ") + ")", err
	case '[':
		var elements []json.RawMessage
		if err := json.Unmarshal(of, &elements); err != nil {
			return "", err
		}
		if len(elements) == 0 {
			return "JSON[]", nil
		}
		element, err := typeOf(elements[0])
		return element + "[]", err
	default:
		var name string
		err := json.Unmarshal(of, &name)
		if name == "NULL" { // no type is known
			name = "JSON"
		}
		return name, err
	}
}
