package document

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"dynamodb-to-s3/lambda/lazyregexp"
)

// Decoder fills structs from nodes, by their json tags. It does not stop at the first problem: an unknown field, a field that is given
// twice, a wrong type, a null and an empty string are each a problem of the Report. A field of type string may be empty only if it has
// the tag empty. A struct with the method TurnOff can also be false, which calls it.
type Decoder struct {
	*Report
	// BareText accepts a number for a string: in YAML, an account needs no quotes.
	BareText bool
	// Instead, if it is set, says what to do instead of giving an unknown field, or "" if it does not know the name.
	Instead func(name string) string
	// Text, if it is set, checks each string before it is kept.
	Text func(text, path string)
	// Raw, if it is set, checks each value that is kept as a json.RawMessage.
	Raw func(node *Node, path string)
	// Others, if it is set, matches the names of members that others put into the document, beside its fields: an editor, or a service that
	// passes the document on. They can have any value, and are left out.
	Others func() *regexp.Regexp

	root reflect.Type
}

// Decode fills into, which points to a struct. A value that is not understood leaves its field at the zero value.
func (d Decoder) Decode(node *Node, into any) {
	d.root = reflect.TypeOf(into).Elem()
	d.value(node, reflect.ValueOf(into).Elem(), "")
}

func (d Decoder) value(node *Node, into reflect.Value, path string) {
	switch {
	case node.Fault.Want != "":
		d.Reject(path, node.Fault.Got, "%s", node.Fault.Want)
	case into.Type() == reflect.TypeFor[json.RawMessage]():
		into.SetBytes(node.appendJSON(nil))
		if d.Raw != nil {
			d.Raw(node, path)
		}
	case node.Kind == Null && path != "":
		d.rejectEmpty(path)
	case into.Kind() == reflect.Pointer:
		target := reflect.New(into.Type().Elem())
		if d.value(node, target.Elem(), path); d.Understood(path) {
			into.Set(target)
		}
	case into.Kind() == reflect.Interface:
		target := reflect.New(typeOf(node)).Elem()
		if d.value(node, target, path); d.Understood(path) {
			into.Set(target)
		}
	case node.Kind == Bool && strings.EqualFold(node.Text, "false") && turnOff(into):
	case into.Kind() == reflect.Struct:
		d.structure(node, into, path)
	case into.Kind() == reflect.Map:
		into.Set(reflect.MakeMap(into.Type()))
		d.EachMember(node, path, func(name string, value *Node, path string) {
			target := reflect.New(into.Type().Elem()).Elem()
			d.value(value, target, path)
			into.SetMapIndex(reflect.ValueOf(name), target)
		})
	case into.Kind() == reflect.Slice:
		into.Set(reflect.MakeSlice(into.Type(), len(node.Elements), len(node.Elements)))
		i := 0
		d.EachElement(node, path, func(element *Node, path string) {
			d.value(element, into.Index(i), path)
			i++
		})
	default:
		d.scalar(node, into, path)
	}
}

// turnOff handles the value false of a struct that has the method TurnOff.
func turnOff(into reflect.Value) bool {
	off, able := reflect.TypeAssert[interface{ TurnOff() }](into.Addr())
	if able {
		off.TurnOff()
	}
	return able
}

func (d Decoder) structure(node *Node, into reflect.Value, path string) {
	fields := map[string]int{}
	for i := range into.NumField() {
		if name, _, _ := strings.Cut(into.Type().Field(i).Tag.Get("json"), ","); name != "-" {
			fields[name] = i
		}
	}
	root, names := path == "", slices.Sorted(maps.Keys(fields))
	all := ", want one of " + strings.Join(names, ", ")
	d.EachMember(node, path, func(name string, value *Node, path string) {
		index, known := fields[name]
		switch {
		case root && d.Others != nil && d.Others().MatchString(name):
		case value.Fault.Want != "":
			d.Reject(path, value.Fault.Got, "%s", value.Fault.Want)
		case known && value.Kind == String && value.Text == "" && into.Type().Field(index).Tag.Get("empty") == "":
			d.rejectEmpty(path)
		case known:
			d.value(value, into.Field(index), path)
		default:
			instead := d.alternatives(name, names)
			if instead == "" { // all fields, once for the object
				instead, all = all, ""
			}
			d.Reject(path, "", "unknown field%s", instead)
		}
	})
}

// alternatives says what to give in place of an unknown field: the field of the object with another spelling, then what Instead knows, then
// a field with a similar name, then a field of the same name in another place. Without such a field it is "".
func (d Decoder) alternatives(name string, fields []string) string {
	for _, field := range fields {
		if Plain(field) == Plain(name) {
			return didYouMean(field)
		}
	}
	if d.Instead != nil {
		if instead := d.Instead(name); instead != "" {
			return ": " + instead
		}
	}
	if near := Suggestion(name, fields); near != "" {
		return near
	}
	if elsewhere := pathsOf(d.root, "", Plain(name)); len(elsewhere) > 0 {
		if i := slices.IndexFunc(elsewhere, func(path string) bool { return !strings.Contains(path, ".") }); i >= 0 {
			return fmt.Sprintf(", did you mean %q, at the top level?", elsewhere[i])
		}
		return didYouMean(elsewhere...)
	}
	return ""
}

// pathsOf returns the paths of the fields of a struct, and of those within it, that have a plain name.
func pathsOf(of reflect.Type, path, plain string) (paths []string) {
	for of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct {
		return nil
	}
	for field := range of.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		own := Join(path, name)
		if Plain(name) == plain && name != "-" {
			paths = append(paths, own)
		}
		paths = append(paths, pathsOf(field.Type, own, plain)...)
	}
	return paths
}

// Numbers are as JSON has them. YAML's others (0x1F, 017, 1_000) do not mean the same to all its readers.
var (
	whole   = lazyregexp.New(`^-?(0|[1-9][0-9]*)$`)
	decimal = lazyregexp.New(`^[+-]?(0|[1-9][0-9]*)?(\.[0-9]*)?([eE][+-]?[0-9]+)?$`)
)

func (d Decoder) scalar(node *Node, into reflect.Value, path string) {
	var want string
	switch number, is := node.Text, node.Kind; into.Kind() {
	case reflect.String:
		if is == String || is == Number && d.BareText {
			if d.Text != nil {
				d.Text(node.Text, path)
			}
			into.SetString(node.Text)
		} else if want = string(String); is == Number || is == Bool {
			want += ": put it in quotes"
		}
	case reflect.Bool:
		if into.SetBool(is == Bool && strings.EqualFold(node.Text, "true")); is != Bool {
			want = "true or false"
		}
	case reflect.Float64:
		value, err := strconv.ParseFloat(number, 64)
		if is != Number || err != nil || !decimal().MatchString(number) {
			want = "a decimal number"
		} else {
			into.SetFloat(value)
		}
	default:
		value, err := strconv.ParseInt(number, 10, 64)
		if is != Number || err != nil || !whole().MatchString(number) {
			want = "a whole number"
		} else {
			into.SetInt(value)
		}
	}
	if want != "" {
		d.Reject(path, node.shown(), "%s", want)
	}
}

// typeOf returns the type of a value whose field accepts any.
func typeOf(node *Node) reflect.Type {
	switch {
	case node.Kind == Object:
		return reflect.TypeFor[map[string]any]()
	case node.Kind == List:
		return reflect.TypeFor[[]any]()
	case node.Kind == Bool:
		return reflect.TypeFor[bool]()
	case node.Kind == Number && whole().MatchString(node.Text):
		return reflect.TypeFor[int64]()
	case node.Kind == Number:
		return reflect.TypeFor[float64]()
	default:
		return reflect.TypeFor[string]()
	}
}
