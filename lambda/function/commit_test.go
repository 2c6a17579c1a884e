package function_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"dynamodb-to-s3/lambda/function"
	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// meanwhile does something once, just before an object of that name is written.
type meanwhile struct {
	aws.HTTPClient
	name string
	do   func()
	once *sync.Once
}

func (m meanwhile) Do(request *http.Request) (*http.Response, error) {
	if request.Method == http.MethodPut && strings.HasSuffix(request.URL.Path, m.name) {
		m.once.Do(m.do)
	}
	return m.HTTPClient.Do(request)
}

// Two finalize functions end at the same time, each with its own summary. One commits. The checksums are those of the committed
// summary, no matter which is last.
func TestChecksumsAreThoseOfTheCommittedSummary(t *testing.T) {
	t.Parallel()
	table := testservers.Orders(t, many)
	for _, at := range []string{"/manifest-files.json", "/manifest-files.md5", "/manifest-summary.json"} {
		t.Run("the other commits before "+at[1:]+" is written", func(t *testing.T) {
			t.Parallel()
			bucket := testservers.Bucket(t)
			e := execution{t: t, name: "run-1", request: fmt.Sprintf(`{"table": %q, "bucket": %q}`, table, bucket)}
			planned := e.scanned()
			var other run.Result
			source, destination := testservers.Configs()
			destination.HTTPClient = meanwhile{HTTPClient: destination.HTTPClient, name: at, once: new(sync.Once), do: func() {
				var err error
				if other, err = e.finalize(planned.Plan); err != nil {
					t.Error(err)
				}
			}}
			slow := e
			slow.warm = function.New(source, destination, function.Options{Log: slog.New(slog.DiscardHandler)})
			result, err := slow.finalize(planned.Plan)
			if err != nil || result.EndTime.IsZero() || !result.EndTime.Equal(other.EndTime) {
				t.Fatalf("one has its end at %s, the other at %s, %v", result.EndTime, other.EndTime, err)
			}
			holds(t, bucket, result)
			layout := planned.Plan.Layout()
			for _, key := range []string{layout.ManifestFiles(), layout.ManifestSummary()} {
				name := layout.Checksum(key)
				if got, want := get(t, bucket, name), string(manifest.Checksum([]byte(get(t, bucket, key)))); got != want {
					t.Errorf("%s says %s, want %s", name, got, want)
				}
			}
		})
	}
}
