package glue

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/document"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/google/go-cmp/cmp"
)

// fill sets every member of a value of the SDK's types, and everything in it.
func fill(v reflect.Value, depth int) {
	switch {
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), depth)
	case v.Type() == timeType:
		v.Set(reflect.ValueOf(time.Date(2026, 11, 27, 5, 0, 0, 250e6, time.UTC)))
	case v.Type() == reflect.TypeFor[types.IcebergTableMetadata](): // no answer has it
	case v.Kind() == reflect.Struct && depth < 8: // some types contain themselves
		for field, value := range v.Fields() {
			if isMember(field) {
				fill(value, depth+1)
			}
		}
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() != reflect.Uint8:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(v.Index(i), depth)
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
	case v.Type() == reflect.TypeFor[document.Interface]():
		v.Set(reflect.ValueOf(document.NewLazyDocument("text")))
	}
}

// wire is a server that keeps the last body and gives one answer, and a client of it.
type wire struct {
	*glue.Client
	target, contentType string
	body                []byte
	answer              func(w http.ResponseWriter)
}

func newWire(t *testing.T) *wire {
	t.Helper()
	w := &wire{answer: func(w http.ResponseWriter) { answer(w, struct{}{}, nil) }}
	server := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, r *http.Request) {
		w.target, w.contentType = r.Header.Get("X-Amz-Target"), r.Header.Get("Content-Type")
		w.body, _ = io.ReadAll(r.Body)
		w.answer(writer)
	}))
	t.Cleanup(server.Close)
	w.Client = glue.New(glue.Options{
		Region: "us-east-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""), Retryer: aws.NopRetryer{},
	})
	return w
}

// call calls an operation of the SDK's client.
func (w *wire) call(t *testing.T, operation string, in any) (any, error) {
	t.Helper()
	results := reflect.ValueOf(w.Client).MethodByName(operation).Call([]reflect.Value{reflect.ValueOf(t.Context()), reflect.ValueOf(in)})
	err, _ := reflect.TypeAssert[error](results[1])
	return results[0].Interface(), err
}

// types returns new values of an operation's input and output.
func (w *wire) types(operation string) (in, out reflect.Value) {
	method := reflect.ValueOf(w.Client).MethodByName(operation).Type()
	return reflect.New(method.In(1).Elem()), reflect.New(method.Out(0).Elem())
}

// operations are the operations of the server.
func operations(t *testing.T) map[string]operation {
	t.Helper()
	server, err := Start(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	return server.operations
}

// unexported compares the fields that are not exported too; the SDK's types have an empty one.
var unexported = cmp.Exporter(func(reflect.Type) bool { return true })

// Every member of every input arrives as the SDK sends it, or is refused by its name.
func TestInputsAreThoseOfTheModel(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	for _, name := range slices.Sorted(maps.Keys(operations(t))) {
		sent, _ := w.types(name)
		fill(sent.Elem(), 0)
		if _, err := w.call(t, name, sent.Interface()); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if w.target != target+name || w.contentType != contentType {
			t.Errorf("%s: the SDK sends the target %q and the type %q", name, w.target, w.contentType)
		}
		var tree map[string]any
		if err := json.Unmarshal(w.body, &tree); err != nil {
			t.Fatal(err)
		}
		refused := without(tree, "")
		in, _ := w.types(name)
		err := decode(w.body, in.Interface())
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
		if err := decode(body, in.Interface()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		unset(sent.Elem())
		if diff := cmp.Diff(sent.Interface(), in.Interface(), unexported); diff != "" {
			t.Errorf("%s (-sent +got):\n%s", name, diff)
		}
	}
}

// without removes the unsupported members from a tree and returns their paths.
func without(tree map[string]any, path string) (removed []string) {
	for name, value := range tree {
		if unsupported[name] {
			delete(tree, name)
			removed = append(removed, path+name)
		} else if object, ok := value.(map[string]any); ok {
			removed = append(removed, without(object, path+name+".")...)
		}
	}
	return removed
}

// unset sets the unsupported members of a value to nothing.
func unset(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			unset(v.Elem())
		}
	case reflect.Struct:
		if v.Type() == timeType {
			return
		}
		for field, value := range v.Fields() {
			switch {
			case unsupported[field.Name]:
				value.SetZero()
			case isMember(field):
				unset(value)
			}
		}
	}
}

// The SDK reads every member of every output.
func TestOutputsAreThoseOfTheModel(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	for _, name := range slices.Sorted(maps.Keys(operations(t))) {
		in, want := w.types(name)
		fill(in.Elem(), 0)
		fill(want.Elem(), 0)
		w.answer = func(writer http.ResponseWriter) { answer(writer, want.Interface(), nil) }
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

func TestWrongBodiesAreRefusedByName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ body, want string }{
		{
			`{"DatabaseName": "d", "TableInput": {"Nmae": "t", "Retention": "long"}, "Versionid": "1"}`,
			"InvalidInputException: TableInput.Nmae: TableInput has no such member; TableInput.Retention: got long, want an integer of 32 bits; Versionid: UpdateTableInput has no such member",
		},
		{
			`{"DatabaseName": 1, "SkipArchive": "yes", "TableInput": []}`,
			"InvalidInputException: DatabaseName: got 1, want a string; SkipArchive: got yes, want true or false; TableInput: got [], want an object",
		},
		{
			`{"TableInput": {"LastAccessTime": "2026-11-27", "Parameters": ["a"], "PartitionKeys": {}, "StorageDescriptor": {"Columns": [{"Name": "a"}, {"Typ": "int"}]}}}`,
			"InvalidInputException: TableInput.LastAccessTime: got 2026-11-27, want a time in seconds; TableInput.Parameters: got [a], want an object; " +
				"TableInput.PartitionKeys: got map[], want a list; TableInput.StorageDescriptor.Columns[1].Typ: Column has no such member",
		},
		{`{"ResultMetadata": {}}`, "InvalidInputException: ResultMetadata: UpdateTableInput has no such member"},
		{`{"TableInput": {"Retention": 3000000000}}`, "InvalidInputException: TableInput.Retention: got 3000000000, want an integer of 32 bits"},
		{`{"TransactionId": "t"}`, "InvalidInputException: TransactionId: this server does not support it"},
		{`{"TransactionId": null}`, "<nil>"},
		{`{`, "api error SerializationException: unexpected EOF"},
	} {
		err := decode([]byte(c.body), new(glue.UpdateTableInput))
		got := "<nil>"
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.body, got, c.want)
		}
	}
}
