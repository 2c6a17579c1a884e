package environment

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"dynamodb-to-s3/lambda/document"

	"go.yaml.in/yaml/v3"
)

// decoder fills a struct from YAML. It is stricter than package yaml, and does not stop at the first fault: an unknown field, a
// field given twice, a wrong type or an empty value each become a fault at their line.
type decoder struct{ *faults }

const noAliases = "anchors (&name), aliases (*name) and << are not accepted: write the value out; one that begins with * or & goes in quotes"

// document decodes the one document of a file; an empty file has no fields.
func (d decoder) document(text string, into any) {
	stream := yaml.NewDecoder(strings.NewReader(text))
	var document, next yaml.Node
	switch err := stream.Decode(&document); {
	case errors.Is(err, io.EOF):
		return
	case err != nil:
		d.syntax(text, err)
		return
	}
	if err := stream.Decode(&next); err == nil {
		d.all = append(d.all, fault{next.Line, "the file holds a second document: an environment is one"})
	} else if !errors.Is(err, io.EOF) {
		d.syntax(text, err)
	}
	d.value(document.Content[0], reflect.ValueOf(into).Elem(), "")
}

var (
	lineOfSyntax  = regexp.MustCompile(`^line (\d+): `)
	unknownAnchor = regexp.MustCompile(`^unknown anchor '(.*)' referenced`)
)

// syntax tells what is no YAML. A pattern such as *-prod that is not in quotes is YAML's sign for an alias, and the likeliest slip.
func (d decoder) syntax(text string, err error) {
	told := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 1
	if match := lineOfSyntax.FindStringSubmatch(told); match != nil {
		line, _ = strconv.Atoi(match[1]) // digits, as matched
		told = told[len(match[0]):]
	}
	if match := unknownAnchor.FindStringSubmatch(told); match != nil {
		before, _, _ := strings.Cut(text, "*"+match[1])
		line = 1 + strings.Count(before, "\n")
		told = "got *" + bounded(match[1]) + ": " + noAliases
	} else if strings.Contains(told, "alphabetic or numeric character") {
		told += ": a value that begins with * or & goes in quotes"
	} else if strings.Contains(told, "cannot start any token") {
		told += ": YAML is indented with spaces, not with tabs, and what begins with @, % or ` goes in quotes"
	}
	d.all = append(d.all, fault{line, "not valid YAML: " + told})
	d.bad[""] = true
}

func (d decoder) value(node *yaml.Node, into reflect.Value, path string) {
	switch {
	case !d.plain(node, path):
	case isNull(node) && path == "": // only comments
	case isNull(node):
		d.misunderstood(path, "is empty: leave it out, or give a value")
	case into.Kind() == reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		d.value(node, into.Elem(), path)
	case into.Kind() == reflect.Struct:
		d.structure(node, into, path)
	case into.Kind() == reflect.Map && into.Type().Elem().Kind() == reflect.Interface:
		free, _ := d.free(node, path).(map[string]any)
		if node.Kind != yaml.MappingNode {
			d.misunderstood(path, "got %s, want fields of a request", shown(node))
		}
		into.Set(reflect.ValueOf(free))
	case into.Kind() == reflect.Map:
		into.Set(reflect.MakeMap(into.Type()))
		d.members(node, path, func(name string, value *yaml.Node, path string) {
			element := reflect.New(into.Type().Elem()).Elem()
			d.value(value, element, path)
			into.SetMapIndex(reflect.ValueOf(name), element)
		})
	case into.Kind() == reflect.Slice:
		d.elements(node, into, path)
	default:
		d.scalar(node, into, path)
	}
}

func (d decoder) structure(node *yaml.Node, into reflect.Value, path string) {
	fields := map[string]int{}
	for i := range into.NumField() {
		if name := into.Type().Field(i).Tag.Get("yaml"); name != "-" {
			fields[name] = i
		}
	}
	d.members(node, path, func(name string, value *yaml.Node, path string) {
		index, known := fields[name]
		switch {
		case !known:
			nearest := document.Suggestion(name, slices.Collect(maps.Keys(fields)))
			d.misunderstood(path, "unknown field%s", cmp.Or(nearest, "; allowed: "+strings.Join(slices.Sorted(maps.Keys(fields)), ", ")))
		case value.Kind == yaml.ScalarNode && value.Value == "" && into.Type().Field(index).Tag.Get("empty") == "":
			d.misunderstood(path, "is empty: leave it out, or give a value")
		default:
			d.value(value, into.Field(index), path)
		}
	})
}

// members calls visit for each member of a map that has a name and is not given twice.
func (d decoder) members(node *yaml.Node, path string, visit func(name string, value *yaml.Node, path string)) {
	if node.Kind != yaml.MappingNode {
		d.misunderstood(path, "got %s, want fields, name: value", shown(node))
		return
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		own := join(path, key.Value)
		switch first := d.lines[bare(own)]; {
		case key.Tag == "!!merge":
			d.all = append(d.all, fault{key.Line, own + ": " + noAliases})
		case key.Kind != yaml.ScalarNode || isNull(key):
			d.all = append(d.all, fault{key.Line, orFile(path) + ": got " + shown(key) + " as the name of a field, want text"})
		case first != 0:
			d.all = append(d.all, fault{key.Line, own + ": given twice, first in line " + strconv.Itoa(first)})
		default:
			d.lines[bare(own)] = key.Line
			visit(key.Value, value, own)
		}
	}
}

func (d decoder) elements(node *yaml.Node, into reflect.Value, path string) {
	if node.Kind != yaml.SequenceNode {
		d.misunderstood(path, "got %s, want a list", shown(node))
		return
	}
	into.Set(reflect.MakeSlice(into.Type(), len(node.Content), len(node.Content)))
	for i, each := range node.Content {
		own := element(path, i)
		d.lines[own] = each.Line
		d.value(each, into.Index(i), own)
	}
}

// number is how a whole number is written here: YAML's others (0x1F, 017, 1_000) do not mean the same to all its readers.
var number = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)

// scalar decodes a text, a switch or a whole number. An account or a tag may look like a number: a text is what is written.
func (d decoder) scalar(node *yaml.Node, into reflect.Value, path string) {
	tag := node.ShortTag()
	switch into.Kind() {
	case reflect.String:
		switch {
		case node.Kind != yaml.ScalarNode:
			d.misunderstood(path, "got %s, want text", shown(node))
		case tag == "!!bool":
			d.misunderstood(path, "got %s, want text: put it in quotes", shown(node))
		default:
			into.SetString(node.Value)
		}
	case reflect.Bool:
		var is bool
		if tag != "!!bool" || node.Decode(&is) != nil {
			d.misunderstood(path, "got %s, want true or false", shown(node))
		}
		into.SetBool(is)
	default:
		whole, err := strconv.ParseInt(node.Value, 10, 32)
		if node.Kind != yaml.ScalarNode || tag != "!!int" || !number.MatchString(node.Value) || err != nil {
			d.misunderstood(path, "got %s, want a whole number", shown(node))
		}
		into.SetInt(whole)
	}
}

// free returns a value of fields that package request knows, as encoding/json would decode it. A time is the text that it is in JSON.
func (d decoder) free(node *yaml.Node, path string) any {
	if !d.plain(node, path) {
		return nil
	}
	switch tag := node.ShortTag(); {
	case node.Kind == yaml.MappingNode:
		members := map[string]any{}
		d.members(node, path, func(name string, value *yaml.Node, path string) { members[name] = d.free(value, path) })
		return members
	case node.Kind == yaml.SequenceNode:
		elements := make([]any, len(node.Content))
		for i, each := range node.Content {
			own := element(path, i)
			d.lines[bare(own)] = each.Line
			elements[i] = d.free(each, own)
		}
		return elements
	case tag == "!!null":
		return nil
	case tag == "!!bool":
		return strings.EqualFold(node.Value, "true")
	case tag == "!!int" || tag == "!!float":
		var whole int64
		var fraction float64
		if number.MatchString(node.Value) && node.Decode(&whole) == nil {
			return whole
		}
		if tag == "!!float" && node.Decode(&fraction) == nil {
			if _, err := json.Marshal(fraction); err == nil { // not of .inf and .nan
				return fraction
			}
		}
		d.misunderstood(path, "got %s, which is no number in JSON: write it in digits, or put it in quotes", bounded(node.Value))
		return nil
	default:
		return node.Value
	}
}

// plain tells whether a node is no more than what JSON has too.
func (d decoder) plain(node *yaml.Node, path string) bool {
	switch {
	case node.Kind == yaml.AliasNode:
		d.misunderstood(path, "got *%s: %s", bounded(node.Value), noAliases)
	case node.Anchor != "":
		d.misunderstood(path, "got &%s: %s", bounded(node.Anchor), noAliases)
	case node.Style&yaml.TaggedStyle != 0:
		d.misunderstood(path, "got the tag %s: tags are not accepted", bounded(node.Tag))
	default:
		return true
	}
	return false
}

func isNull(node *yaml.Node) bool { return node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null" }

func orFile(path string) string {
	if path == "" {
		return "the file"
	}
	return path
}

// shown is what was given, in few words.
func shown(node *yaml.Node) string {
	switch {
	case node.Kind == yaml.MappingNode:
		return "fields"
	case node.Kind == yaml.SequenceNode:
		return "a list"
	case node.ShortTag() == "!!str":
		return quoted(node.Value)
	default:
		return bounded(node.Value)
	}
}
