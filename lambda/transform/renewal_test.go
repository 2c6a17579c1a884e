package transform

import "testing"

// Regular expressions from items are forgotten after a while.
func TestExpressionIsCompiledAgainAfterAWhile(t *testing.T) {
	t.Parallel()
	compiled, err := Compile(`{found: (.name | test("^" + .))}`)
	if err != nil {
		t.Fatal(err)
	}
	compiled.items = renewal - 2
	first := compiled.code
	for n, fresh := range []bool{false, true, true} {
		out, _, err := compiled.Append(t.Context(), nil, []byte(`{"name":{"S":"a"}}`))
		if err != nil || string(out) != "{\"found\":true}\n" || (compiled.code != first) != fresh {
			t.Errorf("item %d: got %s, %v, compiled again %t, want %t", n, out, err, compiled.code != first, fresh)
		}
	}
}
