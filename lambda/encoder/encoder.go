// Package record owns the way from an item to records for those who build their own functions: an [Encoder], [Register]ed under
// the name by which a request chooses it, field encoder. It imports the standard library only.
//
// Put the encoder into a package of its own that registers it,
//
//	func init() {
//		record.Register(record.Format{Name: "csv", Extension: ".csv", New: func() (record.Encoder, error) { return encoder{}, nil }})
//	}
//
// and import that from a new file in lambda/function, where all functions and local runs begin:
//
//	import _ "dynamodb-to-s3/lambda/csv"
package encoder

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"sync"
)

// Encoder turns items into records. It is for one goroutine.
type Encoder interface {
	// Append appends the records of one item to dst, none, one or many, and returns the extended slice and how many they are: no
	// bytes are no records. item is one JSON object in DynamoDB JSON, {"id":{"S":"a"}}, as the service sent it; it is good
	// until Append returns, and not to be changed.
	//
	// The same item must give the same bytes every time: an invocation that is repeated writes the same objects again. Records
	// are written one after the other, so that each ends with what ends it, such as '\n'; an object has whole items only.
	//
	// An error ends the run with ItemNotEncodable. It stands in logs and in the execution's history, so it should tell what is
	// wrong, and none of the item's values. An encoder that takes long ends, with ctx's error, when ctx does.
	Append(ctx context.Context, dst, item []byte) (out []byte, records int, err error)
}

// Format is a kind of record.
type Format struct {
	// Name is what a request says in its field encoder, and a manifest as its outputFormat: 1 to 64 of a-z A-Z 0-9 _ - and a
	// letter first.
	Name string
	// Extension is what the keys of objects end with, before that of the compression: a dot, and 1 to 16 of a-z A-Z 0-9 and dots.
	// It is kept in the plan of a run, so that a run goes on with that it began with.
	Extension string
	// New makes the encoder of one invocation.
	New func() (Encoder, error)
}

var (
	formatName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_-]{0,63}$`)
	extension  = regexp.MustCompile(`^\.[a-zA-Z0-9][a-zA-Z0-9.]{0,15}$`)

	mu      sync.RWMutex // guards formats
	formats = map[string]Format{}
)

// Register makes a format known under its name. It is for init functions, and panics where a name or an extension is none, or a
// name is taken: the function would not start.
func Register(f Format) {
	mu.Lock()
	defer mu.Unlock()
	_, taken := formats[f.Name]
	switch {
	case !formatName.MatchString(f.Name):
		panic(fmt.Sprintf("record: %q is no name for a format: want 1 to 64 of a-z A-Z 0-9 _ - and a letter first", f.Name))
	case !extension.MatchString(f.Extension):
		panic(fmt.Sprintf("record: %q is no extension: want a dot, and 1 to 16 of a-z A-Z 0-9 and dots", f.Extension))
	case f.New == nil:
		panic(fmt.Sprintf("record: format %q has no New", f.Name))
	case taken:
		panic(fmt.Sprintf("record: format %q is registered twice", f.Name))
	}
	formats[f.Name] = f
}

// Lookup returns the format of a name.
func Lookup(name string) (Format, bool) {
	mu.RLock()
	defer mu.RUnlock()
	f, ok := formats[name]
	return f, ok
}

// Names returns the names of all formats, sorted.
func Names() []string {
	mu.RLock()
	defer mu.RUnlock()
	return slices.Sorted(maps.Keys(formats))
}
