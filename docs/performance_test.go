package docs_test

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestSpeedIsWhatWasMeasured holds README's sentence about speed against the table that make bench has written.
func TestSpeedIsWhatWasMeasured(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("performance.md")
	if err != nil {
		t.Fatal(err)
	}
	sentence := regexp.MustCompile(`at least (\w+) times as many bytes in the same CPU time as typical Go code with the AWS SDK and the same gzip library, ` +
		"and at least (\\w+) times as many as with Go's own `compress/gzip`")
	claim := sentence.FindStringSubmatch(strings.Join(strings.Fields(string(readme)), " "))
	if claim == nil {
		t.Fatalf("README.md has no sentence like %s", sentence)
	}
	numbers := map[string]float64{"five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12}
	for i, way := range []string{"klauspost's gzip", "compress/gzip"} {
		least := numbers[claim[1+i]]
		if least == 0 {
			t.Errorf("README.md says %q times, which this test does not know", claim[1+i])
		}
		line := regexp.MustCompile(fmt.Sprintf(`\| DYNAMODB_JSON, GZIP: times as many bytes .* the SDK's way, %s \| orders ([0-9.]+), events ([0-9.]+),`, way))
		measured := line.FindSubmatch(page)
		if measured == nil {
			t.Fatalf("performance.md has no line like %s", line)
		}
		for _, times := range measured[1:] {
			if n, err := strconv.ParseFloat(string(times), 64); err != nil || n < least {
				t.Errorf("README.md says at least %s times with %s, and performance.md has %s", claim[1+i], way, times)
			}
		}
	}
}
