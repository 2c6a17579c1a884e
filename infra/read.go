package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

// ReadEnvironment reads the environment of a file.
func ReadEnvironment(file string) (Environment, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return Environment{}, fmt.Errorf("read the environment: %w", err)
	}
	e := Environment{Name: strings.TrimSuffix(filepath.Base(file), ".yaml")}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&e); err != nil {
		return Environment{}, fmt.Errorf("%s: %w", file, err)
	}
	return e, nil
}
