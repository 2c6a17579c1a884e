package schema

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

func TestShapeOf(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text string
		want shape
	}{
		{"0", shape{0, 0, true}},
		{"-0", shape{0, 0, true}},
		{"0.00", shape{0, 0, true}},
		{"7", shape{1, 0, true}},
		{"-12", shape{2, 0, true}},
		{"+12", shape{2, 0, true}},
		{"007", shape{1, 0, true}},
		{"1200", shape{4, 0, true}},
		{"12.50", shape{2, 1, false}},
		{"12.00", shape{2, 0, true}},
		{"0.05", shape{0, 2, false}},
		{".5", shape{0, 1, false}},
		{"5.", shape{1, 0, true}},
		{"1E+2", shape{3, 0, true}},
		{"1.5e-3", shape{0, 4, false}},
		{"15e-1", shape{2 - 1, 1, false}},
		{"0.0001E4", shape{1, 0, true}},
		{"1e20", shape{21, 0, false}},
		{"999999999999999999", shape{18, 0, true}},
		{"9223372036854775807", shape{19, 0, true}},
		{"9223372036854775808", shape{19, 0, false}},
		{"-9223372036854775808", shape{19, 0, true}},
		{"-9223372036854775809", shape{19, 0, false}},
		{"1e18", shape{19, 0, false}},
		{"99999999999999999999999999999999999999", shape{38, 0, false}},
		{"100000000000000000000000000000000000000", beyond},
		{"0.00000000000000000000000000000000000001", shape{0, 38, false}},
		{"0.000000000000000000000000000000000000001", beyond},
		{"1E-130", beyond},
		{"9.9E+125", beyond},
		{"1234567890123456789.0123456789012345678", shape{19, 19, false}},
		{"12345678901234567890123456789012345.6789", beyond},
		{"12345678", shape{8, 0, true}},
		{"-1234567890123456", shape{16, 0, true}},
		{"12345678901234567", shape{17, 0, true}},
		{"01234567", shape{7, 0, true}},
		{"1234567.", shape{7, 0, true}},
		{"1234/678", beyond},
		{"1234:678", beyond},
		{"12345678\xff", beyond},
		{"\"2345678", beyond},
		{"123456789012345e", beyond},
		{"00.5", shape{0, 1, false}},
		{"0.5", shape{0, 1, false}},
		{"1.5", shape{1, 1, false}},
		{"12345678901234567.8", shape{17, 1, false}},
		{"1234567890123456789.5", shape{19, 1, false}},
		{"00", shape{0, 0, true}},
		{"", beyond},
		{"-", beyond},
		{".", beyond},
		{"1e", beyond},
		{"1.2.3", beyond},
		{"x", beyond},
		{"1e99999999999999999999", beyond},
		{"NaN", beyond},
	} {
		if got := shapeOf([]byte(test.text)); got != test.want {
			t.Errorf("%q: got %+v, want %+v", test.text, got, test.want)
		}
	}
}

func TestScale(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		numbers []string
		scale   int
		left    uint64
	}{
		{"whole numbers", []string{"1", "20"}, 0, 0},
		{"prices", []string{"1.50", "20.25", "3"}, 2, 0},
		{"one outlier against many", []string{"1.5", "2.5", "3.5", "0.00000000000000000000000000000000000001"}, 1, 1},
		{"large and small", []string{"1e30", "1e30", "0.0000000001"}, 0, 1},
		{"two that exclude each other: the smaller scale", []string{"1e37", "1e-38"}, 0, 1},
		{"beyond every scale", []string{"1e100", "1.5"}, 1, 1},
	} {
		n := new(numbers)
		for _, text := range test.numbers {
			n.add(shapeOf([]byte(text)))
		}
		if scale := n.scale(); scale != test.scale || n.misfits(scale) != test.left {
			t.Errorf("%s: got scale %d and %d left, want %d and %d", test.name, scale, n.misfits(scale), test.scale, test.left)
		}
	}
}

// The counts are enough to know how many numbers each scale holds.
func TestScaleHoldsTheMost(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 1)) //nolint:gosec // the same numbers every time
	for range 2000 {
		n, shapes := new(numbers), []shape(nil)
		for range 1 + r.IntN(12) {
			text := strconv.FormatFloat(r.NormFloat64(), 'f', r.IntN(12), 64)
			if r.IntN(2) == 0 {
				text += "e" + strconv.Itoa(r.IntN(90)-45)
			}
			s := shapeOf([]byte(text))
			n.add(s)
			shapes = append(shapes, s)
		}
		scale, most := 0, 0
		for s := range Precision + 1 {
			held := 0
			for _, shape := range shapes {
				if shape.fits(Precision, s) {
					held++
				}
			}
			if held > most {
				scale, most = s, held
			}
		}
		if got := n.scale(); got != scale || int(n.misfits(got)) != len(shapes)-most { //nolint:gosec // few
			t.Fatalf("%+v: got scale %d and %d left, want %d and %d", shapes, got, n.misfits(got), scale, len(shapes)-most)
		}
	}
}

// Numbers get the short form if one scale holds all of them in 18 digits.
func TestDecimalHasTheShortFormThatHoldsAll(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ numbers, want string }{
		{"0.5", "decimal(18,1)"},
		{"1 2.50 -3.125", "decimal(18,3)"},
		{"123456789012345678.5", "decimal(38,1)"},
		{"12345678901234567.5", "decimal(18,1)"},
		{"-99999999999999999.9 0.1", "decimal(18,1)"},
		{"12345678901234567 0.1", "decimal(18,1)"},
		{"123456789012345678 0.1", "decimal(38,1)"},
		{"9223372036854775807 0.1", "decimal(38,1)"},
		{"1234567890123456 0.12", "decimal(18,2)"},
		{"12345678901234567 0.12", "decimal(38,2)"},
		{"0.123456789012345678 -0.1", "decimal(18,18)"},
		{"0.1234567890123456789", "decimal(38,19)"},
		{"1 0.123456789012345678", "decimal(38,18)"},
		{"1E-18", "decimal(18,18)"},
		{"1E-19", "decimal(38,19)"},
		{"1E+16 0.5", "decimal(18,1)"},
		{"1E+17 0.5", "decimal(38,1)"},
		{"9223372036854775808", "decimal(38,0)"},
		{"0.5 1E+100", "decimal(38,1)"},
		{"0.5 x", "decimal(38,1)"},
	} {
		n := new(numbers)
		for text := range strings.SplitSeq(test.numbers, " ") {
			n.add(shapeOf([]byte(text)))
		}
		if got := n.decimal().String(); got != test.want {
			t.Errorf("%s: got %s, want %s", test.numbers, got, test.want)
		}
	}
}

func TestFits(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text        string
		integer     bool
		first, last int // the scales that hold it
		short       int // the last scale of those with 18 digits
	}{
		{"-9223372036854775808", true, 0, 19, -1},
		{"9223372036854775808", false, 0, 19, -1},
		{"1", true, 0, 37, 17},
		{"-999999999999999999", true, 0, 20, 0},
		{"99999999999999999.9", false, 1, 21, 1},
		{"1000000000000000000", true, 0, 19, -1},
		{"0", true, 0, 38, 18},
		{"1.50", false, 1, 37, 17},
		{"1E-38", false, 38, 38, -1},
		{"1E-39", false, 39, 38, -1},
		{"1E+37", false, 0, 0, -1},
		{"1E+38", false, 39, 38, -1},
		{"x", false, 39, 38, -1},
	} {
		if got := FitsInteger([]byte(test.text)); got != test.integer {
			t.Errorf("%s: fits an int64: got %t", test.text, got)
		}
		for scale := range Precision + 1 {
			if got, want := FitsDecimal([]byte(test.text), Precision, scale), test.first <= scale && scale <= test.last; got != want {
				t.Errorf("%s: fits decimal(38,%d): got %t", test.text, scale, got)
			}
			if got, want := FitsDecimal([]byte(test.text), ShortPrecision, scale), test.first <= scale && scale <= test.short; got != want {
				t.Errorf("%s: fits decimal(18,%d): got %t", test.text, scale, got)
			}
		}
	}
}
