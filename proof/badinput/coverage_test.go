package badinput

import (
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/document"
	"dynamodb-to-s3/lambda/request"
)

// A new field of a request needs an entry whose error names it.
func TestEveryFieldHasABadRequest(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("requests/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	for _, file := range files {
		for _, entry := range read[badRequest](t, file) {
			said.WriteString(strings.Join(entry.Says, "\n") + "\n")
		}
	}
	var walk func(of reflect.Type, path string)
	walk = func(of reflect.Type, path string) {
		for field := range of.Fields() {
			if !field.IsExported() {
				continue
			}
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			own := document.Join(path, name)
			if !regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(own) + `[:.[]`).MatchString(said.String()) {
				t.Errorf("no entry in requests/ says what is wrong with %s", own)
			}
			if field.Type.Kind() == reflect.Pointer && field.Type.Elem().Kind() == reflect.Struct {
				walk(field.Type.Elem(), own)
			}
		}
	}
	walk(reflect.TypeFor[request.Request](), "")
}
