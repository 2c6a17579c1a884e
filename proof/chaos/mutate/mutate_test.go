package main

import (
	"go/parser"
	"go/token"
	"testing"

	"dynamodb-to-s3/local/checkout"
)

// The product moves on, and the mutations have to follow: each finds what it takes out.
func TestMutationsFitTheProduct(t *testing.T) {
	t.Parallel()
	checkout, err := checkout.Find()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mutations {
		text, err := m.mutated(checkout.Root)
		if err != nil {
			t.Errorf("%s: %v", m.name, err)
			continue
		}
		if _, err := parser.ParseFile(token.NewFileSet(), m.file, text, parser.AllErrors); err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
	}
}
