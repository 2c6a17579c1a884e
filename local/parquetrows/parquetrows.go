// Package parquetrows rebuilds items from the rows of a Parquet file. It reads the file with parquet-go, which knows nothing of this project and
// starts no process, so tests can read many small files with it. It does not depend on how lambda/parquet writes.
//
// It imports lambda/schema and lambda/ddbjson for the types of columns.
package parquetrows

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"slices"
	"strconv"

	"dynamodb-to-s3/lambda/ddbjson"
	"dynamodb-to-s3/lambda/schema"

	pq "github.com/parquet-go/parquet-go"
)

// Items returns the items of a file, as DynamoDB JSON that was decoded by encoding/json. s is the schema of the file.
func Items(body []byte, s schema.Schema) (items []map[string]any, err error) {
	defer func() {
		if panicked := recover(); panicked != nil { // the library panics if a file is damaged
			err = fmt.Errorf("read a Parquet file: %v", panicked)
		}
	}()
	file, err := pq.OpenFile(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return nil, fmt.Errorf("read a Parquet file: %w", err)
	}
	for _, group := range file.RowGroups() {
		rows := group.Rows()
		buffer := make([]pq.Row, 100)
		for err == nil {
			var n int
			n, err = rows.ReadRows(buffer)
			for _, row := range buffer[:n] {
				item, fault := itemOf(row, s)
				if fault != nil {
					return nil, fmt.Errorf("row %d: %w", len(items)+1, fault)
				}
				items = append(items, item)
			}
		}
		if !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("read a Parquet file: %w", err)
		}
		if err = rows.Close(); err != nil {
			return nil, fmt.Errorf("read a Parquet file: %w", err)
		}
	}
	if file.NumRows() != int64(len(items)) {
		return nil, fmt.Errorf("%d rows, the footer says %d", len(items), file.NumRows())
	}
	return items, nil
}

// itemOf makes an item of a row.
func itemOf(row pq.Row, s schema.Schema) (map[string]any, error) {
	item := map[string]any{}
	var leaves [][]pq.Value
	row.Range(func(_ int, values []pq.Value) bool {
		leaves = append(leaves, slices.Clone(values))
		return true
	})
	r := reader{leaves: leaves}
	for _, c := range s.Columns {
		if value := r.value(c.Type, r.take(leavesOf(c.Type)), 0, 0); value != nil {
			item[c.Attribute] = value
		}
	}
	if rest := r.leaves[0][0]; !rest.IsNull() {
		var left map[string]any
		if err := json.Unmarshal(rest.ByteArray(), &left); err != nil {
			return nil, fmt.Errorf("%s: %w", schema.RestColumn, err)
		}
		maps.Copy(item, left) // what is there is the whole attribute
	}
	if len(r.leaves) != 1 {
		return nil, fmt.Errorf("%d more leaf columns than the schema has", len(r.leaves)-1)
	}
	return item, r.err
}

// reader puts the values of leaf columns together.
type reader struct {
	leaves [][]pq.Value
	err    error // the first one
}

// take takes the next leaves.
func (r *reader) take(n int) [][]pq.Value {
	taken := r.leaves[:n]
	r.leaves = r.leaves[n:]
	return taken
}

// leavesOf returns how many leaf columns a type has.
func leavesOf(of schema.Type) (n int) {
	switch of.Name {
	case schema.Array:
		return leavesOf(*of.Element)
	case schema.Map:
		return 1 + leavesOf(*of.Element)
	case schema.Struct:
		for _, f := range of.Fields {
			n += leavesOf(f.Type)
		}
		return n
	default:
		return 1
	}
}

// value makes an attribute value, or nil for null, of the values of the leaves of a column. defined and repeated are the levels of what the column
// stands in.
func (r *reader) value(of schema.Type, leaves [][]pq.Value, defined, repeated int) any {
	level := leaves[0][0].DefinitionLevel()
	if level <= defined {
		return nil
	}
	var content any
	switch of.Name {
	case schema.Array:
		list := []any{}
		for _, element := range elements(leaves, level > defined+1, repeated+1) {
			list = append(list, r.element(of, element, defined, repeated))
		}
		content = list
	case schema.Map:
		entries := map[string]any{}
		for _, entry := range elements(leaves, level > defined+1, repeated+1) {
			entries[entry[0][0].String()] = r.element(of, entry[1:], defined, repeated)
		}
		content = entries
	case schema.Struct:
		fields := map[string]any{}
		inner := reader{leaves: leaves}
		for _, f := range of.Fields {
			if field := inner.value(f.Type, inner.take(leavesOf(f.Type)), defined+1, repeated); field != nil {
				fields[f.Attribute] = field
			}
		}
		r.fail(inner.err)
		content = fields
	default:
		return r.scalar(of, leaves[0][0])
	}
	return map[string]any{of.Kind.String(): content}
}

// element makes an element of a list or a set, or a value of a map.
func (r *reader) element(of schema.Type, leaves [][]pq.Value, defined, repeated int) any {
	value := r.value(*of.Element, leaves, defined+2, repeated+1)
	switch {
	case value == nil:
		return map[string]any{"NULL": true}
	case of.Kind.Element() != ddbjson.KindNone:
		return value.(map[string]any)[of.Kind.Element().String()]
	default:
		return value
	}
}

// elements divides the values of a repeated group, which begin with a first element if some is true.
func elements(leaves [][]pq.Value, some bool, repeated int) (out [][][]pq.Value) {
	if !some {
		return nil
	}
	for i, values := range leaves {
		n := 0
		for from := 0; from < len(values); n++ {
			end := from + 1
			for end < len(values) && values[end].RepetitionLevel() > repeated {
				end++
			}
			if n == len(out) {
				out = append(out, make([][]pq.Value, len(leaves)))
			}
			out[n][i], from = values[from:end], end
		}
	}
	return out
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *reader) scalar(of schema.Type, v pq.Value) any {
	var content any
	switch of.Name {
	case schema.JSON:
		var whole any
		if err := json.Unmarshal(v.ByteArray(), &whole); err != nil {
			r.fail(err)
		}
		return whole
	case schema.Binary:
		content = base64.StdEncoding.EncodeToString(v.ByteArray())
	case schema.Boolean:
		content = v.Boolean()
	case schema.Integer:
		content = strconv.FormatInt(v.Int64(), 10)
	case schema.Double:
		content = strconv.FormatFloat(v.Double(), 'g', -1, 64)
	case schema.Decimal:
		content = fmt.Sprintf("%de-%d", unscaled(of, v), of.Scale)
	default:
		content = string(v.ByteArray())
	}
	return map[string]any{of.Kind.String(): content}
}

// unscaled returns the integer that stands for a decimal. A decimal of 18 digits is an integer of 64 bits.
func unscaled(of schema.Type, v pq.Value) *big.Int {
	if of.Precision == schema.ShortPrecision {
		return big.NewInt(v.Int64())
	}
	n := new(big.Int).SetBytes(v.ByteArray())
	if v.ByteArray()[0] >= 0x80 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), 128))
	}
	return n
}
