package main

import (
	"os/exec"
	"path"
	"testing"

	"dynamodb-to-s3/local/checkout"
)

// When the product changes, the mutations must be adapted: each must find the text that it replaces, and the changed package must build.
func TestMutationsFitTheProduct(t *testing.T) {
	t.Parallel()
	repository, err := checkout.Find()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mutations {
		overlay, err := m.overlay(repository.Root, t.TempDir())
		if err != nil {
			t.Errorf("%s: %v", m.name, err)
			continue
		}
		build := exec.CommandContext(t.Context(), "go", "build", "-overlay", overlay, "./"+path.Dir(m.file))
		build.Dir = repository.Root
		if output, err := build.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", m.name, err, output)
		}
	}
}
