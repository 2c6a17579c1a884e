package transform

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/itchyny/gojq"
)

// refused has the functions of jq that an expression may not use, with the reason. gojq as a library does not know the functions of
// the command ($__prog_args, input_filename, stderr, …).
var refused = map[string]string{
	"now": "a repeated invocation must give the same records", "localtime": "it depends on the machine: use gmtime",
	"strflocaltime": "it depends on the machine: use strftime", "builtins": "its order changes from run to run",
	"env": notSeen, "$ENV": notSeen, "input": oneItem, "inputs": oneItem, "input_filename": oneItem, "input_line_number": oneItem,
	"debug": noLog, "stderr": noLog, "halt": noEnd, "halt_error": noEnd,
	"modulemeta": noFiles, "get_search_list": noFiles,
}

const (
	notSeen = "records depend only on the item, not on the environment"
	oneItem = "an expression sees one item, as `.`"
	noLog   = "items are never written to logs"
	noEnd   = "it would end the run: make no record with `empty`, or fail with `error`"
	noFiles = "there are no files to read"
)

// Compile compiles an expression. Its error says what is wrong and where.
func Compile(expression string) (*Transform, error) {
	query, err := gojq.Parse(expression)
	if err != nil {
		return nil, misread(expression, err)
	}
	if len(query.Imports) > 0 {
		return nil, fmt.Errorf("import and include are refused: %s", noFiles)
	}
	if names := uses(query); len(names) > 0 {
		words := make([]string, len(names))
		for i, name := range names {
			words[i] = name + " is refused: " + refused[name]
		}
		return nil, errors.New(strings.Join(words, "; "))
	}
	code, err := gojq.Compile(query)
	if err != nil {
		return nil, err
	}
	return &Transform{expression: expression, code: code}, nil
}

// misread says where a text is no longer an expression.
func misread(expression string, err error) error {
	parse, ok := errors.AsType[*gojq.ParseError](err)
	if !ok {
		return err
	}
	// The offset is after the token.
	offset := max(0, min(parse.Offset, len(expression))-len(parse.Token))
	return fmt.Errorf("%w at byte %d of %d, after %q", err, offset, len(expression), tail(expression[:offset]))
}

// tail returns the last characters of text.
func tail(text string) string {
	const most = 20
	text = strings.ToValidUTF8(text, "")
	for len(text) > most {
		_, size := utf8.DecodeRuneInString(text)
		text = text[size:]
	}
	return text
}

// uses returns the refused functions that a query names, sorted. A function of the same name that the query defines itself counts
// too.
func uses(query *gojq.Query) []string {
	var names []string
	add := func(name string) {
		if _, is := refused[name]; is && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer:
			if !v.IsNil() {
				walk(v.Elem())
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(v.Index(i))
			}
		case reflect.Struct:
			switch node := v.Addr().Interface().(type) {
			case *gojq.Func:
				add(node.Name)
			case *gojq.ObjectKeyVal: // {$ENV} is short for {ENV: $ENV}
				if strings.HasPrefix(node.Key, "$") {
					add(node.Key)
				}
			}
			for _, field := range v.Fields() {
				walk(field)
			}
		}
	}
	walk(reflect.ValueOf(query))
	slices.Sort(names)
	return names
}
