// Package usertable puts a table that people bring in files into a local DynamoDB.
//
// ReadDefinition or WithKeys say how the table is created. Open finds the items. Check reads all of them and reports what DynamoDB would
// refuse, before anything is created. Load creates the table and writes them. Errors never contain anything of an item but its line.
//
// The package imports itemfile, tablewrite, progress (for numbers), document, problem and the SDK.
package usertable

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"dynamodb-to-s3/local/itemfile"
	"dynamodb-to-s3/local/progress"
	"dynamodb-to-s3/local/tablewrite"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
)

// Table is a definition with its items.
type Table struct {
	Definition
	// Source has the items. Its progress is the progress of Check.
	*itemfile.Source
	path string
	// items is how many items the last Check has found.
	items int64
}

// Open finds the items of a table: see itemfile.Open. Call Close at the end.
func Open(definition Definition, path string, stdin io.Reader) (*Table, error) {
	source, err := itemfile.Open(path, stdin)
	if err != nil {
		return nil, err
	}
	if path == itemfile.Stdin {
		path = "standard input"
	}
	definition.keys = slices.Clone(definition.keys) // Check can find their types
	return &Table{Definition: definition, Source: source, path: path}, nil
}

// Items returns how many items Check has found.
func (t *Table) Items() int64 { return t.items }

// Identity returns a digest of the definition under this name and of the files. Call it after Check.
func (t *Table) Identity(name string) []byte {
	sum := sha256.New()
	_ = json.NewEncoder(sum).Encode(t.createInput(name)) // a hash never fails
	return sum.Sum(t.Digest())
}

// shownProblems is how many problems a message has. It also has their number.
const shownProblems = 5

// Check reads all items. The error names the first of those that DynamoDB would refuse, and how many there are.
func (t *Table) Check(ctx context.Context) error {
	c := checker{definition: &t.Definition, seen: map[digest]int{}}
	var shown []string
	var wrong int64
	t.items = 0
	for line, err := range t.Lines(ctx, t.keys[0].name) {
		if _, ok := errors.AsType[*itemfile.LineError](err); err != nil && !ok {
			return err
		}
		t.items++
		if err == nil {
			if err = c.check(line); err == nil {
				continue
			}
			err = &itemfile.LineError{File: line.File, Number: line.Number, Err: err}
		}
		if wrong++; wrong <= shownProblems {
			shown = append(shown, err.Error())
		}
	}
	switch {
	case t.items == 0:
		return fmt.Errorf("%s has no items", t.path)
	case wrong > shownProblems:
		shown = append(shown, fmt.Sprintf("and %s more", progress.Count(wrong-shownProblems)))
		fallthrough
	case wrong > 0:
		return fmt.Errorf("%s of %s in %s cannot be loaded, so nothing was done:\n  %s",
			progress.Count(wrong), progress.Plural(t.items, "item"), t.path, strings.Join(shown, "\n  "))
	}
	return nil
}

// batchBytes is how much text the items of one call have, so that a call is far below DynamoDB's 16 MB in any form of JSON.
const batchBytes = 1 << 20

// Load creates the table and writes the items that Check has checked. It fails if the table exists. When the table is there and has no items
// yet, it calls created, if not nil; an error of created ends the load. It calls loaded with the number of items that were just written,
// from several goroutines. If the load fails, it removes the table again.
func (t *Table) Load(ctx context.Context, client *dynamodb.Client, name string, created func() error, loaded func(int)) error {
	if err := tablewrite.Create(ctx, client, t.createInput(name)); err != nil {
		if _, exists := errors.AsType[*types.ResourceInUseException](err); exists {
			return fmt.Errorf("the table %s exists already. Loading never writes into a table that it has not created: name another table, or delete this one first", name)
		}
		return fmt.Errorf("create table %s: %w", name, err)
	}
	var err error
	if created != nil {
		err = created()
	}
	if err == nil {
		err = tablewrite.Batches(ctx, client, name, t.batches(ctx), loaded)
	}
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[smithy.APIError](err); ok && ctx.Err() == nil {
		err = errors.New(withoutItems(err))
	}
	// Nobody must take a part of the items for the table.
	_, undo := client.DeleteTable(context.WithoutCancel(ctx), &dynamodb.DeleteTableInput{TableName: &name})
	return errors.Join(fmt.Errorf("load table %s: %w", name, err), undo)
}

// withoutItems returns an error of DynamoDB without its message if the message could quote an item.
func withoutItems(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok && api.ErrorCode() == "ValidationException" {
		return "DynamoDB refused an item with a ValidationException. Its message can quote the item, so it is not shown"
	}
	return err.Error()
}

// batches returns the items in batches of requests.
func (t *Table) batches(ctx context.Context) func(yield func([]types.WriteRequest, error) bool) {
	return func(yield func([]types.WriteRequest, error) bool) {
		var batch []types.WriteRequest
		size := 0
		for line, err := range t.Lines(ctx, t.keys[0].name) {
			if err != nil {
				yield(nil, fmt.Errorf("the file has changed since it was checked: %w", err))
				return
			}
			if len(batch) == tablewrite.BatchItems || size+line.Size > batchBytes && len(batch) > 0 {
				if !yield(batch, nil) {
					return
				}
				batch, size = nil, 0
			}
			batch, size = append(batch, types.WriteRequest{PutRequest: &types.PutRequest{Item: line.Item}}), size+line.Size
		}
		if len(batch) > 0 {
			yield(batch, nil)
		}
	}
}
