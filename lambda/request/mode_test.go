package request

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A new field of the request must be listed: for scans, for exports, or here for both.
func TestEveryFieldHasItsMode(t *testing.T) {
	t.Parallel()
	listed := map[string]bool{}
	for _, field := range slices.Concat(ofScans, ofExports, []string{"table", "bucket", "prefix", "mode", "bucketOwner", "kmsKeyId", "catalog", "explain", "maxDollars", "scheduledTime", "schedule"}) {
		listed[field] = true
	}
	refused := map[string]bool{}
	for _, each := range notInExports {
		field, parameter, _ := strings.Cut(each.path, ".")
		refused[field], refused[parameter] = true, true
		listed[field] = true
	}
	var fields []string
	for field := range reflect.TypeFor[Request]().Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		fields = append(fields, name)
	}
	slices.Sort(fields)
	if diff := cmp.Diff(fields, slices.Sorted(maps.Keys(listed))); diff != "" {
		t.Errorf("fields (-of a request +listed):\n%s", diff)
	}
	for _, field := range ofScans {
		if !refused[field] {
			t.Errorf("notInExports does not say what to do instead of %s", field)
		}
	}
	for field := range reflect.TypeFor[Scan]().Fields() {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); !refused[name] {
			t.Errorf("notInExports does not say what to do instead of scan.%s", name)
		}
	}
}
