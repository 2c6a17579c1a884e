// Package encoder lets you add your own record formats, if you build your own functions. An [Encoder] makes records from items.
// [Register] makes it known under a name, and a request chooses it with its field encoder. The package may import
// lazyregexp.
//
// Put your encoder into a package of its own that registers it:
//
//	func init() {
//		encoder.Register(encoder.Format{Name: "csv", Extension: ".csv", New: func() (encoder.Encoder, error) { return &csv{}, nil }})
//	}
//
// Import that package from a new file in lambda/function, where all functions and local runs begin:
//
//	import _ "dynamodb-to-s3/lambda/csv"
package encoder

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"dynamodb-to-s3/lambda/lazyregexp"
)

// Encoder makes records from items. It is for one goroutine.
type Encoder interface {
	// Append appends the records of one item to dst, and returns the extended slice and the number of records. An item may give no
	// record, one or many; no records means no bytes. item is one JSON object in DynamoDB JSON, {"id":{"S":"a"}}, as the service
	// sent it. It is valid until Append returns, and Append must not change it.
	//
	// The same item must give the same bytes every time, because an invocation that is repeated writes the same objects again.
	// Records are written one after the other, so each must end with its separator, such as '\n'. An object has whole items only.
	//
	// An error ends the run with ItemNotEncodable. It appears in logs and in the execution's history, so it should say what is
	// wrong without any of the item's values. An encoder that takes long must return ctx's error when ctx ends.
	Append(ctx context.Context, dst, item []byte) (out []byte, records int, err error)
}

// Format is a kind of record.
type Format struct {
	// Name is the value of a request's field encoder and of a manifest's outputFormat: 1 to 64 of a-z A-Z 0-9 _ -, the first a
	// letter.
	Name string
	// Extension ends the keys of objects, before the extension of the compression: a dot, then 1 to 16 of a-z A-Z 0-9 and dots. The
	// plan of a run keeps it, so it stays the same for the whole run.
	Extension string
	// New makes the encoder of one invocation.
	New func() (Encoder, error)
}

var (
	formatName = lazyregexp.New(`^[a-zA-Z][a-zA-Z0-9_-]{0,63}$`)
	extension  = lazyregexp.New(`^\.[a-zA-Z0-9][a-zA-Z0-9.]{0,15}$`)

	formats = map[string]Format{} // init functions write it, and nothing after them
)

// Register makes a format known under its name. It is for init functions. It panics if the name or the extension is invalid or the
// name is taken, so that the function does not start.
func Register(f Format) {
	_, taken := formats[f.Name]
	switch {
	case !formatName().MatchString(f.Name):
		panic(fmt.Sprintf("encoder: format name: got %q, want 1 to 64 of a-z A-Z 0-9 _ -, the first a letter", f.Name))
	case !extension().MatchString(f.Extension):
		panic(fmt.Sprintf("encoder: extension: got %q, want a dot, then 1 to 16 of a-z A-Z 0-9 and dots", f.Extension))
	case f.New == nil:
		panic(fmt.Sprintf("encoder: format %q has no New", f.Name))
	case taken:
		panic(fmt.Sprintf("encoder: format %q is registered twice", f.Name))
	}
	formats[f.Name] = f
}

// Lookup returns the format with a name.
func Lookup(name string) (Format, bool) {
	f, ok := formats[name]
	return f, ok
}

// Names returns the names of all formats, sorted.
func Names() []string { return slices.Sorted(maps.Keys(formats)) }
