// Package modeltest holds a server of AWS JSON to the model of its service: the SDK's client sends every member of every input, and reads
// every member of every output. Only tests import it.
package modeltest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/local/awsjson"

	"github.com/google/go-cmp/cmp"
)

var timeType = reflect.TypeFor[time.Time]()

// A Service is what a server emulates.
type Service struct {
	Protocol   *awsjson.Protocol
	Operations []string
	// Client returns the SDK's client of the server at a URL. It tries each call once.
	Client func(url string) any
	// Own, if not nil, sets a value of a type that only this service has, and reports whether it is such a type.
	Own func(reflect.Value) bool
}

// operations returns the operations in order.
func (s Service) operations() []string { return slices.Sorted(slices.Values(s.Operations)) }

// fill sets every member of a value of the SDK's types, and everything in it.
func (s Service) fill(v reflect.Value, depth int) {
	switch {
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		s.fill(v.Elem(), depth)
	case v.Type() == timeType:
		v.Set(reflect.ValueOf(time.Date(2026, 11, 27, 5, 0, 0, 250e6, time.UTC)))
	case s.Own != nil && s.Own(v):
	case v.Kind() == reflect.Struct && depth < 8: // some types contain themselves
		for field, value := range v.Fields() {
			if awsjson.IsMember(field) {
				s.fill(value, depth+1)
			}
		}
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() != reflect.Uint8:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			s.fill(v.Index(i), depth)
		}
	case v.Kind() == reflect.Map && v.Type().Elem().Kind() == reflect.String:
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("a key"), reflect.ValueOf("a value"))
	case v.Kind() == reflect.String:
		v.SetString("text ü")
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.CanInt():
		v.SetInt(7)
	case v.CanFloat():
		v.SetFloat(0.5)
	}
}

// wire is a server that keeps the last body and gives one answer, and a client of it.
type wire struct {
	client              reflect.Value
	target, contentType string
	body                []byte
	answer              func(w http.ResponseWriter)
}

func (s Service) wire(t *testing.T) *wire {
	t.Helper()
	w := &wire{answer: func(w http.ResponseWriter) { s.Protocol.Answer(w, struct{}{}, nil) }}
	server := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, r *http.Request) {
		w.target, w.contentType = r.Header.Get("X-Amz-Target"), r.Header.Get("Content-Type")
		w.body, _ = io.ReadAll(r.Body)
		w.answer(writer)
	}))
	t.Cleanup(server.Close)
	w.client = reflect.ValueOf(s.Client(server.URL))
	return w
}

// call calls an operation of the SDK's client.
func (w *wire) call(t *testing.T, operation string, in any) (any, error) {
	t.Helper()
	results := w.client.MethodByName(operation).Call([]reflect.Value{reflect.ValueOf(t.Context()), reflect.ValueOf(in)})
	err, _ := reflect.TypeAssert[error](results[1])
	return results[0].Interface(), err
}

// types returns new values of an operation's input and output.
func (w *wire) types(operation string) (in, out reflect.Value) {
	method := w.client.MethodByName(operation).Type()
	return reflect.New(method.In(1).Elem()), reflect.New(method.Out(0).Elem())
}

// unexported compares the fields that are not exported too; the SDK's types have an empty one.
var unexported = cmp.Exporter(func(reflect.Type) bool { return true })

// CheckInputs checks that every member of every input arrives as the SDK sends it, or is refused by its name.
func (s Service) CheckInputs(t *testing.T) {
	t.Helper()
	w := s.wire(t)
	for _, name := range s.operations() {
		sent, _ := w.types(name)
		s.fill(sent.Elem(), 0)
		if _, err := w.call(t, name, sent.Interface()); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if w.target != s.Protocol.Target+name || w.contentType != s.Protocol.ContentType {
			t.Errorf("%s: the SDK sends the target %q and the type %q", name, w.target, w.contentType)
		}
		var tree map[string]any
		if err := json.Unmarshal(w.body, &tree); err != nil {
			t.Fatal(err)
		}
		refused := s.without(tree, "")
		in, _ := w.types(name)
		err := s.Protocol.Decode(w.body, in.Interface())
		for _, path := range refused {
			if err == nil || !strings.Contains(err.Error(), path+": this server does not support it") {
				t.Errorf("%s: %s is not refused: %v", name, path, err)
			}
		}
		// Without these members, the input is equal to what was sent.
		body, err := json.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		in, _ = w.types(name)
		if err := s.Protocol.Decode(body, in.Interface()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		s.unset(sent.Elem())
		if diff := cmp.Diff(sent.Interface(), in.Interface(), unexported); diff != "" {
			t.Errorf("%s (-sent +got):\n%s", name, diff)
		}
	}
}

// without removes the unsupported members from a tree and returns their paths.
func (s Service) without(tree map[string]any, path string) (removed []string) {
	for name, value := range tree {
		if s.Protocol.Unsupported[name] {
			delete(tree, name)
			removed = append(removed, path+name)
		} else if object, ok := value.(map[string]any); ok {
			removed = append(removed, s.without(object, path+name+".")...)
		}
	}
	return removed
}

// unset sets the unsupported members of a value to nothing.
func (s Service) unset(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			s.unset(v.Elem())
		}
	case reflect.Struct:
		if v.Type() == timeType {
			return
		}
		for field, value := range v.Fields() {
			switch {
			case s.Protocol.Unsupported[s.Protocol.Name(field)]:
				value.SetZero()
			case awsjson.IsMember(field):
				s.unset(value)
			}
		}
	}
}

// CheckOutputs checks that the SDK reads every member of every output.
func (s Service) CheckOutputs(t *testing.T) {
	t.Helper()
	w := s.wire(t)
	for _, name := range s.operations() {
		in, want := w.types(name)
		s.fill(in.Elem(), 0)
		s.fill(want.Elem(), 0)
		w.answer = func(writer http.ResponseWriter) { s.Protocol.Answer(writer, want.Interface(), nil) }
		got, err := w.call(t, name, in.Interface())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		reflect.ValueOf(got).Elem().FieldByName("ResultMetadata").SetZero()
		if diff := cmp.Diff(want.Interface(), got, unexported); diff != "" {
			t.Errorf("%s (-answered +read):\n%s", name, diff)
		}
	}
}
