package docs_test

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/contract"
)

// The picture of the architecture is drawn by hand. It shows every function, and its description for screen readers names every function.
func TestArchitectureShowsEveryFunction(t *testing.T) {
	file, err := os.Open("architecture.svg")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }() // it was only read
	var shown []string
	var described string
	for decoder := xml.NewDecoder(file); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		element, begins := token.(xml.StartElement)
		if !begins || element.Name.Local != "text" && element.Name.Local != "desc" {
			continue
		}
		var text string
		if err := decoder.DecodeElement(&text, &element); err != nil {
			t.Fatal(err)
		}
		if element.Name.Local == "desc" {
			described = text
		}
		shown = append(shown, text)
	}
	for _, function := range contract.Functions() {
		if !slices.Contains(shown, string(function)) {
			t.Errorf("the picture does not show %s", function)
		}
		if !strings.Contains(described, string(function)) {
			t.Errorf("the description does not name %s", function)
		}
	}
}
