package ionitem_test

import (
	"strings"
	"testing"

	"dynamodb-to-s3/local/verify/ionitem"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// The item is that of the documentation of native exports, with the types that it leaves out.
func TestDecode(t *testing.T) {
	got, err := ionitem.Decode([]byte(`$ion_1_0 {Item:{Authors:$dynamodb_SS::["Author1","Author2"],Dimensions:"8.5 x 11.0 x 1.5",Id:103.,InPublication:false,` +
		`PageCount:6d2,Price:-12.50,Zero:-0.,None:null,'a b':{{AAE=}},Nested:{'':[$dynamodb_NS::[1.,0.5d-3],$dynamodb_BS::[{{}}]]}}}` + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]types.AttributeValue{
		"Authors":       &types.AttributeValueMemberSS{Value: []string{"Author1", "Author2"}},
		"Dimensions":    &types.AttributeValueMemberS{Value: "8.5 x 11.0 x 1.5"},
		"Id":            &types.AttributeValueMemberN{Value: "103E0"},
		"InPublication": &types.AttributeValueMemberBOOL{},
		"PageCount":     &types.AttributeValueMemberN{Value: "6E2"},
		"Price":         &types.AttributeValueMemberN{Value: "-1250E-2"},
		"Zero":          &types.AttributeValueMemberN{Value: "-0E0"},
		"None":          &types.AttributeValueMemberNULL{Value: true},
		"a b":           &types.AttributeValueMemberB{Value: []byte{0, 1}},
		"Nested": &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"": &types.AttributeValueMemberL{Value: []types.AttributeValue{
			&types.AttributeValueMemberNS{Value: []string{"1E0", "5E-4"}}, &types.AttributeValueMemberBS{Value: [][]byte{{}}},
		}}}},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(
		types.AttributeValueMemberSS{}, types.AttributeValueMemberS{}, types.AttributeValueMemberN{}, types.AttributeValueMemberBOOL{}, types.AttributeValueMemberNULL{},
		types.AttributeValueMemberB{}, types.AttributeValueMemberM{}, types.AttributeValueMemberL{}, types.AttributeValueMemberNS{}, types.AttributeValueMemberBS{},
	)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDecodeIsStrict(t *testing.T) {
	for _, test := range []struct{ name, line, says string }{
		{"no marker", `{Item:{}}`, "does not begin with $ion_1_0"},
		{"nothing", `$ion_1_0 `, "holds no value"},
		{"another value", `$ion_1_0 {Item:{}} {Item:{}}`, "more than one value"},
		{"another field", `$ion_1_0 {Item:{},x:1.}`, "not {Item:{…}}"},
		{"no item", `$ion_1_0 {Keys:{}}`, "not {Item:{…}}"},
		{"no struct", `$ion_1_0 [1.]`, "got a list, want a struct"},
		{"a name twice", `$ion_1_0 {Item:{a:1.,'a':2.}}`, `field "a" occurs twice`},
		{"the number of a symbol", `$ion_1_0 {Item:{$99:1.}}`, ""},
		{"an int", `$ion_1_0 {Item:{a:1}}`, "an export has no Ion type int"},
		{"a float", `$ion_1_0 {Item:{a:1e0}}`, "an export has no Ion type float"},
		{"a symbol", `$ion_1_0 {Item:{a:b}}`, "an export has no Ion type symbol"},
		{"a typed null", `$ion_1_0 {Item:{a:null.string}}`, "there is a null.string"},
		{"an int in a set", `$ion_1_0 {Item:{a:$dynamodb_NS::[1]}}`, "got a int, want a decimal"},
		{"a symbol in a set", `$ion_1_0 {Item:{a:$dynamodb_SS::[b]}}`, "want a string"},
		{"a string in a set of blobs", `$ion_1_0 {Item:{a:$dynamodb_BS::["b"]}}`, "got a string, want a blob"},
		{"a set of something else", `$ion_1_0 {Item:{a:$dynamodb_LS::[]}}`, "a list is annotated as $dynamodb_LS"},
		{"an annotated string", `$ion_1_0 {Item:{a:x::"b"}}`, "a string has annotations"},
		{"a line that ends too early", `$ion_1_0 {Item:{a:"b"`, ""},
		{"a line that is not Ion", `$ion_1_0 {Item:{a b}}`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got, err := ionitem.Decode([]byte(test.line)); err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, %v, want … %s …", got, err, test.says)
			}
		})
	}
}
