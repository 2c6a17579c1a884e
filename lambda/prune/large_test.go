package prune_test

import (
	"bytes"
	"net/http"
	"testing"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/prune"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/testservers"

	"golang.org/x/sync/errgroup"
)

// A run with more objects than one call removes is removed in several calls. After a death between them, the next prune continues where the
// one before has stopped.
func TestRunOfManyObjects(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	l.catalog = false
	runs := l.days(2)
	layout := runs[0].Final()
	const many = 2*bucket.ListPage + 1
	var lines bytes.Buffer
	var writing errgroup.Group
	writing.SetLimit(8)
	for i := range many {
		o := run.Object{Key: layout.Data(0, 100+i, "0a1b2c3d", ".json.gz")}
		l.must(manifest.EncodeFile(&lines, o, "e"))
		writing.Go(func() error {
			_, err := l.bucket.Put(t.Context(), o.Key, []byte("x"))
			return err
		})
	}
	l.must(writing.Wait())
	l.put(layout.ManifestFiles(), string(l.get(layout.ManifestFiles()))+lines.String())
	retention := run.Retention{KeepRuns: 1}
	l.prune(runs[1], retention)
	l.now = l.now.Add(prune.Grace)
	_, config := testservers.Configs()
	client := &dying{HTTPClient: config.HTTPClient}
	client.left.Store(1)
	if _, err := l.step(client).Run(t.Context(), l.input(runs[1], retention)); err == nil {
		t.Error("the function did not die")
	}
	if n := len(l.keys(layout.DataPrefix())); n != files+many-bucket.ListPage {
		t.Errorf("%d objects are left", n)
	}
	removals := 0
	_, err := l.step(httpClient(func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodPost {
			removals++
		}
		return config.HTTPClient.Do(r)
	})).Run(t.Context(), l.input(runs[1], retention))
	if l.must(err); removals != 4 { // two for the other data objects, one for the manifests and lists, one for the claim
		t.Errorf("%d calls remove objects", removals)
	}
	l.want(runs[1])
}
