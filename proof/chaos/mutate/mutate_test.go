package main

import (
	"go/parser"
	"go/token"
	"testing"

	"dynamodb-to-s3/local/checkout"
)

// When the product changes, the mutations must be adapted: each must find the text that it replaces.
func TestMutationsFitTheProduct(t *testing.T) {
	t.Parallel()
	repository, err := checkout.Find()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mutations {
		text, err := m.mutated(repository.Root)
		if err != nil {
			t.Errorf("%s: %v", m.name, err)
			continue
		}
		if _, err := parser.ParseFile(token.NewFileSet(), m.file, text, parser.AllErrors); err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
	}
}
