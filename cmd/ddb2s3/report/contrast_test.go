package report_test

import (
	"math"
	"os"
	"regexp"
	"strconv"
	"testing"
)

// luminance returns the relative luminance of a colour such as #1b2430.
// https://www.w3.org/TR/WCAG22/#dfn-relative-luminance
func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		channel := float64(n) / 255
		if channel <= 0.04045 {
			sum += weight * channel / 12.92
		} else {
			sum += weight * math.Pow((channel+0.055)/1.055, 2.4)
		}
	}
	return sum
}

// WCAG 2.2 AA asks for a contrast of 4.5 of text, and of 3 of what a chart draws.
func TestColoursHaveContrastInEachScheme(t *testing.T) {
	t.Parallel()
	css, err := os.ReadFile("report.css")
	if err != nil {
		t.Fatal(err)
	}
	variable := regexp.MustCompile(`--([a-z]+): (#[0-9a-f]{6});`)
	schemes := regexp.MustCompile(`(?s):root \{.*?\}`).FindAllString(string(css), -1)
	if len(schemes) != 3 {
		t.Fatalf("there are %d schemes, want light, dark and print", len(schemes))
	}
	for _, scheme := range schemes {
		colours := map[string]string{}
		for _, match := range variable.FindAllStringSubmatch(scheme, -1) {
			colours[match[1]] = match[2]
		}
		for kind, want := range map[string]float64{
			"ink": 4.5, "muted": 4.5, "running": 4.5, "good": 4.5, "bad": 4.5, "quiet": 4.5, // text
			"bar": 3, "bytes": 3, "throttle": 3, "wait": 3, "largest": 3, "flush": 3, // graphics
		} {
			for _, behind := range []string{"page", "panel"} {
				if colours[kind] == "" || colours[behind] == "" {
					t.Fatalf("a scheme has no --%s or no --%s", kind, behind)
				}
				a, b := luminance(t, colours[kind]), luminance(t, colours[behind])
				if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < want {
					t.Errorf("%s (%s) on %s (%s) has a contrast of %.2f, want %.1f", kind, colours[kind], behind, colours[behind], ratio, want)
				}
			}
		}
	}
}
