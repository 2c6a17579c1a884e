package sdkintegration

import (
	"reflect"
	"strings"
	"time"

	"github.com/aws/smithy-go/middleware"
)

// shape returns the SDK's output in the form of Step Functions. Members have the SDK's names, which are PascalCase, and are left out
// if they have no value. A time is text in ISO 8601. A union is an object with the one member that is set.
func shape(output any) any {
	value, _ := shaped(reflect.ValueOf(output))
	return value
}

var (
	timeType     = reflect.TypeFor[time.Time]()
	metadataType = reflect.TypeFor[middleware.Metadata]()
)

// shaped returns the form of a value, and whether there is a value.
func shaped(v reflect.Value) (any, bool) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil, false
		}
		if v.Kind() == reflect.Interface {
			return union(v.Elem().Elem()), true
		}
		return shaped(v.Elem())
	case reflect.Struct:
		if v.Type() == timeType {
			return instant(v.Interface().(time.Time)), true //nolint:forcetypeassert // the type was checked
		}
		return members(v), true
	case reflect.Map:
		object := map[string]any{}
		for entries := v.MapRange(); entries.Next(); {
			if value, there := shaped(entries.Value()); there {
				object[entries.Key().String()] = value
			}
		}
		return object, !v.IsNil()
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return v.Interface(), !v.IsNil() // base64
		}
		list := make([]any, v.Len())
		for i := range list {
			list[i], _ = shaped(v.Index(i))
		}
		return list, !v.IsNil()
	default:
		return v.Interface(), true
	}
}

func members(v reflect.Value) map[string]any {
	object := map[string]any{}
	for field, value := range v.Fields() {
		if !field.IsExported() || field.Type == metadataType {
			continue
		}
		absent := value.Kind() == reflect.String && value.Len() == 0 // an enumeration; every other string is a pointer
		if member, there := shaped(value); there && !absent {
			object[field.Name] = member
		}
	}
	return object
}

// union returns the form of a union, which the SDK has as a struct <Union>Member<Name> with the field Value.
func union(variant reflect.Value) map[string]any {
	_, name, _ := strings.Cut(variant.Type().Name(), "Member")
	value, _ := shaped(variant.FieldByName("Value"))
	return map[string]any{name: value}
}

// instant writes a time as the SDK for Java does, which Step Functions uses: with 0, 3, 6 or 9 digits after the second, as needed.
func instant(at time.Time) string {
	format := "2006-01-02T15:04:05"
	switch nanoseconds := at.Nanosecond(); {
	case nanoseconds == 0:
	case nanoseconds%1e6 == 0:
		format += ".000"
	case nanoseconds%1e3 == 0:
		format += ".000000"
	default:
		format += ".000000000"
	}
	return at.UTC().Format(format + "Z")
}
