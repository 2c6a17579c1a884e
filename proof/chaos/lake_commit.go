package chaos

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// committed is a run, or a native export, with all that its manifest names.
type committed struct {
	name   string // of the run, or of the export
	run    string
	kind   lakeKind
	folder string // its key ends with /
	asOf   time.Time
	// from and to are the window of an incremental export.
	from, to time.Time
	at       time.Time         // by the clock of the lake
	files    map[string]string // the ETags, by key
	items    int64
	// shown says that the step Catalog has succeeded. hiddenAt is when prune has begun to hide it; zero if it has not.
	shown    bool
	hiddenAt time.Time
}

func (c committed) full() bool { return c.to.IsZero() }

// noteCommit keeps what a run has committed, if the object is its summary, or the result of its exports.
func (l *Lake) noteCommit(ctx context.Context, r *lakeRun, key string) {
	switch {
	case strings.Contains(key, stagingFolder):
	case path.Base(key) == "manifest-summary.json":
		l.commit(ctx, key, r)
	case path.Base(key) == "_result.json":
		var result run.Result
		body, err := l.get(ctx, key)
		if err == nil {
			err = json.Unmarshal(body, &result)
		}
		if err != nil {
			l.breaks(fmt.Errorf("the result %s: %w", key, err))
		}
		l.commitOf(ctx, r, result)
	}
}

// commit keeps what a manifest names, once it is there.
func (l *Lake) commit(ctx context.Context, key string, r *lakeRun) {
	folder := path.Dir(key) + "/"
	if l.commitIn(folder) != nil {
		return
	}
	c, err := l.read(ctx, key)
	if err != nil {
		l.breaks(fmt.Errorf("the manifest %s: %w", key, err))
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	c.run, c.kind = r.start.Name, r.kind
	l.commits[folder] = c
}

func (l *Lake) read(ctx context.Context, key string) (*committed, error) {
	body, err := l.get(ctx, key)
	if err != nil {
		return nil, err
	}
	var summary struct {
		ExportTime, ExportFromTime, ExportToTime time.Time
		ItemCount                                int64
		ManifestFilesS3Key                       string
	}
	if err := json.Unmarshal(body, &summary); err != nil {
		return nil, err
	}
	folder := path.Dir(key)
	c := &committed{
		name: path.Base(folder), folder: folder + "/", asOf: cmp.Or(summary.ExportTime, summary.ExportToTime), from: summary.ExportFromTime, to: summary.ExportToTime, at: l.now(),
		files: map[string]string{}, items: summary.ItemCount,
	}
	if body, err = l.get(ctx, summary.ManifestFilesS3Key); err != nil {
		return nil, err
	}
	for line := range bytes.Lines(body) {
		var file struct{ DataFileS3Key, ETag string }
		if err := json.Unmarshal(line, &file); err != nil {
			return nil, err
		}
		c.files[file.DataFileS3Key] = strings.Trim(file.ETag, `"`)
	}
	return c, nil
}

// get reads an object without faults.
func (l *Lake) get(ctx context.Context, key string) ([]byte, error) {
	out, err := l.objects.GetObject(ctx, &s3.GetObjectInput{Bucket: &l.bucket, Key: &key})
	if err != nil {
		return nil, err
	}
	defer func() { _ = out.Body.Close() }() // it was read
	return io.ReadAll(out.Body)
}

// commitOf keeps what the manifests of a result name, and returns the folders of all that the result has committed.
func (l *Lake) commitOf(ctx context.Context, r *lakeRun, result run.Result) (folders []string) {
	manifests := []string{result.Manifest}
	for _, export := range result.Exports {
		manifests = append(manifests, export.Manifest)
	}
	for _, uri := range manifests {
		if key, found := strings.CutPrefix(uri, "s3://"+l.bucket+"/"); found {
			l.commit(ctx, key, r)
			folders = append(folders, path.Dir(key)+"/")
		}
	}
	return folders
}

// grace is for how long prune leaves a run alone after its commit, and its objects after the run was hidden.
const grace = time.Hour

// stays returns why no prune may hide a commit now, "" if it may: it is what the documentation of the retention says, once more. newest is the
// moment of the run that the table of the newest run shows. The caller holds the lock.
func (l *Lake) stays(c *committed, newest time.Time) string {
	later, whole := map[string]bool{}, false
	for _, other := range l.commits {
		if older(c, other) >= 0 || !other.hiddenAt.IsZero() {
			continue
		}
		if whole = whole || other.full(); l.sameKind(c, other) {
			later[other.run] = true
		}
	}
	switch {
	case l.now().Sub(c.at) < grace:
		return "it was committed less than an hour ago"
	case c.kind == lakeChain:
		return "it is the base of a chain, or of the chain"
	case len(later) < l.keep:
		return fmt.Sprintf("only %d runs are newer", len(later))
	case c.full() && !c.asOf.Before(newest):
		return "the table of the newest run shows it, or an older one"
	case !c.full() && !whole:
		return "no copy of the table is newer"
	}
	return ""
}

// sameKind reports whether one run can take the place of another.
func (l *Lake) sameKind(a, b *committed) bool {
	return a.full() == b.full() && (a.kind == b.kind || !a.full() || l.format == request.FormatDynamoDBJSON)
}

// older orders commits by the moment of their data.
func older(a, b *committed) int { return cmp.Or(a.asOf.Compare(b.asOf), cmp.Compare(a.run, b.run)) }
