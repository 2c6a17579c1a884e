package awsjson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

var (
	timeType     = reflect.TypeFor[time.Time]()
	metadataType = reflect.TypeFor[middleware.Metadata]()
)

// Decode reads the body of a request into an input of the SDK. Unlike AWS, it refuses members that the model does not have. The error
// names every problem.
func (p *Protocol) Decode(body []byte, in any) error {
	numbers := json.NewDecoder(bytes.NewReader(body))
	numbers.UseNumber()
	var tree any
	if err := numbers.Decode(&tree); err != nil {
		return &smithy.GenericAPIError{Code: "SerializationException", Message: err.Error()}
	}
	d := decoder{protocol: p}
	d.set("", reflect.ValueOf(in).Elem(), tree)
	if len(d.problems) > 0 {
		return p.Invalid(strings.Join(d.problems, "; "))
	}
	return nil
}

type decoder struct {
	protocol *Protocol
	problems []string
}

func (d *decoder) problem(path, format string, values ...any) {
	d.problems = append(d.problems, fmt.Sprintf("%s: %s", strings.TrimPrefix(path, "."), fmt.Sprintf(format, values...)))
}

// set sets a value of an SDK's type, which path names in problems.
func (d *decoder) set(path string, to reflect.Value, from any) {
	if from == nil {
		return
	}
	if to.Kind() == reflect.Pointer {
		to.Set(reflect.New(to.Type().Elem()))
		to = to.Elem()
	}
	wrong := func(want string) { d.problem(path, "got %.100v, want %s", from, want) }
	switch {
	case to.Type() == timeType:
		if seconds, err := number(from).Float64(); err != nil {
			wrong("a time in seconds")
		} else {
			to.Set(reflect.ValueOf(time.UnixMilli(int64(math.Round(seconds * 1000))).UTC()))
		}
	case to.Kind() == reflect.Struct:
		if object, ok := from.(map[string]any); ok {
			d.members(path, to, object)
		} else {
			wrong("an object")
		}
	case to.Kind() == reflect.Map:
		object, ok := from.(map[string]any)
		if !ok {
			wrong("an object")
			return
		}
		to.Set(reflect.MakeMap(to.Type()))
		for key, value := range object {
			item := reflect.New(to.Type().Elem()).Elem()
			d.set(path+"."+key, item, value)
			to.SetMapIndex(reflect.ValueOf(key), item)
		}
	case to.Kind() == reflect.Slice:
		list, ok := from.([]any)
		if !ok {
			wrong("a list")
			return
		}
		to.Set(reflect.MakeSlice(to.Type(), len(list), len(list)))
		for i, value := range list {
			d.set(path+"["+strconv.Itoa(i)+"]", to.Index(i), value)
		}
	case to.Kind() == reflect.String:
		if text, ok := from.(string); ok {
			to.SetString(text)
		} else {
			wrong("a string")
		}
	case to.Kind() == reflect.Bool:
		if is, ok := from.(bool); ok {
			to.SetBool(is)
		} else {
			wrong("true or false")
		}
	case to.CanInt():
		if n, err := number(from).Int64(); err != nil || to.OverflowInt(n) {
			wrong("an integer of " + strconv.Itoa(to.Type().Bits()) + " bits")
		} else {
			to.SetInt(n)
		}
	default:
		d.problem(path, "this server does not support it")
	}
}

// number returns a JSON number, or one that is not valid.
func number(value any) json.Number {
	n, _ := value.(json.Number)
	return n
}

func (d *decoder) members(path string, to reflect.Value, object map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(object)) {
		field, found := d.protocol.field(to.Type(), name)
		switch {
		case !found:
			d.problem(path+"."+name, "%s has no such member", to.Type().Name())
		case d.protocol.Unsupported[name] && object[name] != nil:
			d.problem(path+"."+name, "this server does not support it")
		default:
			d.set(path+"."+name, to.FieldByIndex(field.Index), object[name])
		}
	}
}

// Encode returns an output of the SDK as a tree for JSON. Members without a value are left out.
func (p *Protocol) Encode(out any) any {
	tree, _ := p.encoded(reflect.ValueOf(out))
	return tree
}

// encoded returns the tree of a value, and whether there is a value.
func (p *Protocol) encoded(v reflect.Value) (any, bool) {
	switch v.Kind() {
	case reflect.Invalid:
		return nil, false
	case reflect.Pointer:
		if v.IsNil() {
			return nil, false
		}
		return p.encoded(v.Elem())
	case reflect.Struct:
		if v.Type() == timeType {
			millis := v.Interface().(time.Time).UnixMilli() //nolint:forcetypeassert // the type was checked
			return float64(millis) / 1000, true
		}
		object := map[string]any{}
		for field, value := range v.Fields() {
			if !IsMember(field) {
				continue
			}
			if member, there := p.encoded(value); there {
				object[p.Name(field)] = member
			}
		}
		return object, true
	case reflect.Map:
		return v.Interface(), !v.IsNil() // all maps of the answers have strings
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			list[i], _ = p.encoded(v.Index(i))
		}
		return list, !v.IsNil()
	case reflect.String:
		return v.String(), v.Len() > 0 || v.Type() == reflect.TypeFor[string]() // an enumeration without a value is empty
	default:
		return v.Interface(), true
	}
}
