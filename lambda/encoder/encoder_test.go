package encoder_test

import (
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/encoder"
)

func TestRegisterRefusesWhatNoRunCouldUse(t *testing.T) {
	build := func() (encoder.Encoder, error) { return nil, nil } //nolint:nilnil // it is never asked for
	for _, test := range []struct {
		format encoder.Format
		words  string
	}{
		{encoder.Format{Name: "prices", Extension: ".x", New: build}, `"prices" is registered twice`},
		{encoder.Format{Name: "", Extension: ".x", New: build}, `name: got ""`},
		{encoder.Format{Name: "a/b", Extension: ".x", New: build}, `name: got "a/b"`},
		{encoder.Format{Name: strings.Repeat("a", 65), Extension: ".x", New: build}, `want 1 to 64`},
		{encoder.Format{Name: "a", Extension: "x", New: build}, `extension: got "x"`},
		{encoder.Format{Name: "a", Extension: "./x", New: build}, `extension: got "./x"`},
		{encoder.Format{Name: "a", Extension: ".x"}, `has no New`},
	} {
		func() {
			defer func() {
				if told, _ := recover().(string); !strings.Contains(told, test.words) {
					t.Errorf("got %q, want %s", told, test.words)
				}
			}()
			encoder.Register(test.format)
		}()
	}
	if _, known := encoder.Lookup("a"); known {
		t.Error("what was refused is known")
	}
	if format, known := encoder.Lookup("prices"); !known || format.Extension != ".csv" {
		t.Errorf("got %+v", format)
	}
}
