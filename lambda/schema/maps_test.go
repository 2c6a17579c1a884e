package schema

import (
	"fmt"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/ddbjson"
)

// withNameEach returns items. Each has a map, whose names no other map has.
func withNameEach(maps, names int) (items []string) {
	for i := range maps {
		var all []string
		for j := range names {
			all = append(all, fmt.Sprintf(`"k%d_%d":{"N":"1"}`, i, j))
		}
		items = append(items, `{"a":{"M":{`+strings.Join(all, ",")+`}}}`)
	}
	return items
}

// Whether a map becomes a struct, a map or DynamoDB JSON follows from its names and their values.
func TestMapsBecomeStructsOrMapsOrJSON(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		items []string
		want  TypeName
	}{
		{"16 names, however few maps have them", withNameEach(16, 1), Struct},
		{"17 names, each in one of 17 maps", withNameEach(17, 1), Map},
		{"20 names, and each map has a tenth of them", withNameEach(10, 2), Struct},
		{"20 names, and the average map has less than a tenth of them", append(withNameEach(10, 2), `{"a":{"M":{}}}`), Map},
		{"256 names that all maps have", []string{withNames(256, `{"N":"1"}`)}, Struct},
		{"257 names that all maps have", []string{withNames(257, `{"N":"1"}`)}, Map},
		{"many names with empty maps", []string{withNames(600, `{"M":{}}`)}, JSON},
		{"many names with empty lists", []string{withNames(600, `{"L":[]}`)}, JSON},
	} {
		if got := Decide(learn(t, test.items...), Options{}).Columns[0].Type; got.Name != test.want {
			t.Errorf("%s: got %s, want a %s", test.name, got, test.want)
		}
	}
}

// An element that is not known further is no element of an array.
func TestListsOfWhatIsNotKnownBecomeJSON(t *testing.T) {
	t.Parallel()
	for _, item := range []string{
		`{"a":{"L":[{"M":{}},{"M":{}}]}}`,
		`{"a":{"L":[{"L":[]}]}}`,
		`{"a":{"L":[` + fieldsOf(600) + `]}}`, // more nodes than an attribute can have
	} {
		if got := Decide(learn(t, item), Options{}).Columns[0].Type; got.Name != JSON || got.Kind != ddbjson.KindL {
			t.Errorf("%.60s: got %s", item, got)
		}
	}
}

// If as many values have one type as another, the first one in the documentation wins.
func TestTypesWithAsManyValues(t *testing.T) {
	t.Parallel()
	order := []string{`{"S":"x"}`, `{"B":"eA=="}`, `{"BOOL":true}`, `{"N":"1"}`, `{"SS":["x"]}`, `{"NS":["1"]}`, `{"BS":["eA=="]}`, `{"L":[]}`, `{"M":{}}`}
	for i, first := range order {
		want := Decide(learn(t, `{"a":`+first+`}`), Options{}).Columns[0].Kind
		for _, second := range order[i+1:] {
			for _, items := range [][]string{{first, second}, {second, first}} {
				got := Decide(learn(t, `{"a":`+items[0]+`}`, `{"a":`+items[1]+`}`), Options{}).Columns[0].Kind
				if got != want {
					t.Errorf("%s and %s: got %s", items[0], items[1], got)
				}
			}
		}
	}
}
