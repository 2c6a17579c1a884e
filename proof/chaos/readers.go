package chaos

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// A sight is what a reader who lists the bucket sees after a request that can add or remove objects, and before the next such request.
type sight struct {
	number  int               // of the request, counted from 1
	request string            // "" after the end of all executions
	objects map[string]string // the ETags of the data objects, by key
	open    map[string]bool   // the keys of the open uploads, if there are data objects
}

// watch keeps what readers of a seed's bucket see, and what became of its uploads. It sees the requests in the order in which S3 carries
// them out, and S3 carries out no other request while it looks. So no reader can see anything else.
type watch struct {
	mu      sync.Mutex // guards the following fields
	number  int        // of the last request
	sights  []sight
	begun   map[upload]int // the number of the request that began each upload
	ended   map[upload]bool
	hidden  map[upload]bool   // a listing did not show them
	listed  map[string]int    // the number of an invocation's first request that lists uploads
	commits map[string]commit // by the root of the run
	foreign map[string]bool   // keys where somebody else has changed something
	written map[string]int    // the number of the last request that wrote each object
	staging map[string]int    // the number of an invocation's first request that lists staged files
}

// upload is a multipart upload.
type upload struct{ key, id string }

// commit is the request that committed a run.
type commit struct {
	number int
	caller string
}

func newWatch() *watch {
	return &watch{
		begun: map[upload]int{}, ended: map[upload]bool{}, hidden: map[upload]bool{}, listed: map[string]int{}, commits: map[string]commit{},
		foreign: map[string]bool{}, written: map[string]int{}, staging: map[string]int{},
	}
}

// watcher sends requests to S3, and looks at the bucket as a reader does.
type watcher struct {
	next    http.RoundTripper
	harness *Harness
}

// RoundTrip sends a request.
func (w watcher) RoundTrip(request *http.Request) (*http.Response, error) {
	caller := request.Header.Get(header) // several runs can have callers of the same name
	bucket, _, _ := strings.Cut(strings.TrimPrefix(request.URL.Path, "/"), "/")
	run, _ := strconv.Atoi(strings.TrimPrefix(bucket, "chaos-")) // no run has the number 0
	w.harness.mu.Lock()
	r := w.harness.runs[run]
	w.harness.mu.Unlock()
	if r != nil && r.forgets(request) {
		return noSuchUpload(), nil
	}
	response, err := w.next.RoundTrip(request)
	if r == nil || err != nil {
		return response, err
	}
	r.watch.mu.Lock()
	defer r.watch.mu.Unlock()
	if err := r.watch.note(request, response, caller); err != nil {
		r.fail(err)
	}
	if o, err := operationOf(request); err == nil && response.StatusCode < http.StatusMultipleChoices && o.shows() {
		if err := r.watch.look(request.Context(), w.harness.reader, bucket, fmt.Sprintf("%s: %s", caller, o)); err != nil {
			r.fail(err)
		}
	}
	return response, nil
}

// shows reports whether the request can add or remove objects. S3 shows nothing of the others, such as those of parts.
func (o operation) shows() bool {
	switch o.name {
	case "PutObject", "CompleteMultipartUpload", "DeleteObjects", "DeleteObject":
		return true
	default:
		return false
	}
}

// note keeps what the request did to uploads, and whether it committed a run.
func (w *watch) note(request *http.Request, response *http.Response, caller string) error {
	w.number++
	_, key, _ := strings.Cut(strings.TrimPrefix(request.URL.Path, "/"), "/")
	o, err := operationOf(request)
	if err != nil {
		return err
	}
	if caller == "" && o.changes && key != "" {
		w.foreign[key] = true
	}
	if response.StatusCode >= http.StatusMultipleChoices {
		return nil
	}
	if o.name == "PutObject" || o.name == "CompleteMultipartUpload" {
		w.written[key] = w.number
	}
	if o.name == "ListObjects" && w.staging[caller] == 0 && strings.HasSuffix(request.URL.Query().Get("prefix"), stagingFolder) {
		w.staging[caller] = w.number
	}
	switch root, commits := strings.CutSuffix(key, "/manifest-summary.json"); {
	case o.name == "CreateMultipartUpload":
		id, err := uploadID(response)
		if err != nil {
			return err
		}
		w.begun[upload{key, id}] = w.number
	case o.name == "CompleteMultipartUpload", o.name == "AbortMultipartUpload":
		w.ended[upload{key, request.URL.Query().Get("uploadId")}] = true
	case o.name == "ListMultipartUploads" && w.listed[caller] == 0:
		w.listed[caller] = w.number
	case o.name == "PutObject" && commits && caller != "": // nobody else can commit
		w.commits[root] = commit{w.number, caller}
	}
	return nil
}

// look lists the bucket. A look after a request sees one moment of the bucket: S3 carries out no other request meanwhile. The last look of a run,
// without a request, can come while another run is at work. So it lists the uploads first: what is completed meanwhile is then in one of the listings.
func (w *watch) look(ctx context.Context, objects *s3.Client, bucket, request string) error {
	seen := sight{number: w.number, request: request, objects: map[string]string{}, open: map[string]bool{}}
	uploads := func() error {
		answer, err := objects.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: &bucket})
		if err != nil {
			return fmt.Errorf("list uploads beside a reader: %w", err)
		}
		for _, open := range answer.Uploads {
			seen.open[aws.ToString(open.Key)] = true
		}
		return nil
	}
	if request == "" {
		if err := uploads(); err != nil {
			return err
		}
	}
	pages := s3.NewListObjectsV2Paginator(objects, &s3.ListObjectsV2Input{Bucket: &bucket})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list as a reader: %w", err)
		}
		for _, object := range page.Contents {
			if strings.Contains(aws.ToString(object.Key), dataFolder) {
				seen.objects[aws.ToString(object.Key)] = aws.ToString(object.ETag)
			}
		}
	}
	if request != "" && len(seen.objects) > 0 {
		if err := uploads(); err != nil {
			return err
		}
	}
	w.sights = append(w.sights, seen)
	return nil
}

// count returns how often a reader has listed the bucket.
func (w *watch) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.sights)
}

const dataFolder = "/data/"

// of returns the objects of a run that somebody else has not touched.
func (s sight) of(root string, foreign map[string]bool) map[string]string {
	own := maps.Clone(s.objects)
	maps.DeleteFunc(own, func(key, _ string) bool { return foreign[key] || !strings.HasPrefix(key, root+dataFolder) })
	return own
}

// checkReaders returns an error if a reader has seen what the promise excludes. It looks at the bucket once more first. over says that no
// execution will continue any run.
//
//   - Of a run that commits, a reader sees objects of the commit only, and none before all of them are there, as objects or as open
//     uploads. From the commit on it sees all of them. The commit has no item twice, so a reader never sees an item twice.
//   - Of a run that does not commit, a reader sees nothing. If somebody else has changed the run's uploads or objects while they were
//     completed, a reader sees nothing after the run's end, or before another execution takes the run over.
func (r *seedRun) checkReaders(ctx context.Context, over bool) error {
	w := r.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.look(ctx, r.harness.reader, r.bucket, ""); err != nil {
		return err
	}
	roots := map[string]bool{}
	for _, s := range w.sights {
		for key := range s.objects {
			root, _, _ := strings.Cut(key, dataFolder)
			roots[root] = true
		}
	}
	for _, root := range slices.Sorted(maps.Keys(roots)) {
		committed, ok := w.commits[root]
		of, staged := strings.CutSuffix(root, strings.TrimSuffix(stagingFolder, "/"))
		switch {
		case r.shares && of != r.layout().Root:
		case strings.Contains(root, stagingFolder): // DynamoDB writes the objects of an export
		case staged && ok:
			if err := w.before(w.commits[of]).checkCommitted(root, committed); err != nil {
				return err
			}
		case ok:
			if err := w.checkCommitted(root, committed); err != nil {
				return err
			}
		case over:
			if err := w.checkUncommitted(root); err != nil {
				return err
			}
		default:
			r.injected(seenPart, "readers", "")
		}
	}
	return nil
}

// before returns what readers have seen before a run was committed, or all if it was not. After that, its staged files are removed.
func (w *watch) before(committed commit) *watch {
	earlier := &watch{foreign: w.foreign}
	for _, s := range w.sights {
		if committed.number == 0 || s.number < committed.number {
			earlier.sights = append(earlier.sights, s)
		}
	}
	return earlier
}

func (w *watch) checkCommitted(root string, committed commit) error {
	last := w.sights[len(w.sights)-1].of(root, w.foreign)
	for _, s := range w.sights {
		if len(w.foreign) > 0 && s.number < committed.number {
			continue // what was completed may be withdrawn, or another execution may scan a part of it again
		}
		seen := s.of(root, w.foreign)
		for _, key := range slices.Sorted(maps.Keys(seen)) {
			if last[key] == "" {
				return fmt.Errorf("after %q, a reader saw %s, which is not of the commit", s.request, key)
			}
			if last[key] != seen[key] {
				return fmt.Errorf("after %q, a reader saw %s with other bytes than those of the commit", s.request, key)
			}
		}
		for _, key := range slices.Sorted(maps.Keys(last)) {
			switch _, there := seen[key]; {
			case there || len(seen) == 0 && s.number < committed.number:
			case s.number >= committed.number:
				return fmt.Errorf("after %q, a reader of the committed run did not see %s", s.request, key)
			case !s.open[key]:
				return fmt.Errorf("after %q, a reader saw objects of the run before %s was in S3", s.request, key)
			}
		}
	}
	return nil
}

func (w *watch) checkUncommitted(root string) error {
	for n, s := range w.sights {
		if seen := s.of(root, w.foreign); len(seen) > 0 && (len(w.foreign) == 0 || n == len(w.sights)-1) {
			return fmt.Errorf("after %q, a reader saw %d objects of a run that committed nothing, such as %s", s.request, len(seen), slices.Min(slices.Collect(maps.Keys(seen))))
		}
	}
	return nil
}
