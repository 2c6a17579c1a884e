package scan

import (
	"cmp"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// left is an S3 with what an execution has left of a segment: lists, open uploads, and objects that were completed. A listing has 1,000
// entries, as S3's.
type left struct {
	plan      run.Plan
	lists     map[string][]byte // by key
	uploads   map[string]bool   // the keys of open uploads
	hidden    map[string]bool   // open uploads that the listing does not show
	completed map[string]int64  // sizes, by key
	onParts   func(key string)  // is called before the answer to ListParts; nil for nothing
	broken    string            // an operation that S3 does not answer now

	mu   sync.Mutex
	sent map[string]int // by operation
}

type entry struct {
	Key      string
	Size     int64
	UploadId string `xml:",omitempty"` //nolint:revive // the name in S3's answer
}

func (l *left) Do(req *http.Request) (*http.Response, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	operation, query := middleware.GetOperationName(req.Context()), req.URL.Query()
	l.sent[operation]++
	key := strings.TrimPrefix(req.URL.Path, "/b/")
	status, body := http.StatusOK, []byte(nil)
	if operation == l.broken {
		operation, status, body = "", http.StatusServiceUnavailable, []byte(`<Error><Code>ServiceUnavailable</Code></Error>`)
	}
	switch operation {
	case "GetObject":
		if body = l.lists[key]; body == nil {
			status, body = http.StatusNotFound, []byte(`<Error><Code>NoSuchKey</Code></Error>`)
		}
	case "ListParts":
		if l.onParts != nil {
			l.onParts(key)
		}
		if body = []byte(`<ListPartsResult></ListPartsResult>`); !l.uploads[key] {
			status, body = http.StatusNotFound, []byte(`<Error><Code>NoSuchUpload</Code></Error>`)
		}
	case "ListMultipartUploads":
		var all []entry
		for key := range l.uploads {
			if !l.hidden[key] {
				all = append(all, entry{Key: key, UploadId: "id"})
			}
		}
		page, more := listed(all, query.Get("prefix"), query.Get("key-marker"))
		body, _ = xml.Marshal(struct {
			XMLName       xml.Name `xml:"ListMultipartUploadsResult"`
			Upload        []entry
			IsTruncated   bool
			NextKeyMarker string
		}{Upload: page, IsTruncated: more, NextKeyMarker: last(page)})
	case "ListObjectsV2":
		var all []entry
		for key, size := range l.completed {
			all = append(all, entry{Key: key, Size: size})
		}
		for key, list := range l.lists {
			all = append(all, entry{Key: key, Size: int64(len(list))})
		}
		page, more := listed(all, query.Get("prefix"), query.Get("continuation-token"))
		body, _ = xml.Marshal(struct {
			XMLName               xml.Name `xml:"ListBucketResult"`
			Contents              []entry
			IsTruncated           bool
			NextContinuationToken string
		}{Contents: page, IsTruncated: more, NextContinuationToken: last(page)})
	}
	return &http.Response{StatusCode: status, Header: http.Header{"Etag": {`"e"`}}, Request: req, Body: io.NopCloser(strings.NewReader(string(body)))}, nil
}

// listed returns one page of the entries with the prefix, after a key.
func listed(all []entry, prefix, after string) (page []entry, more bool) {
	all = slices.DeleteFunc(all, func(e entry) bool { return !strings.HasPrefix(e.Key, prefix) || e.Key <= after })
	slices.SortFunc(all, func(a, b entry) int { return cmp.Compare(a.Key, b.Key) })
	return all[:min(1000, len(all))], len(all) > 1000
}

func last(page []entry) string {
	if len(page) == 0 {
		return ""
	}
	return page[len(page)-1].Key
}

// A segment has 20 lists of 150 objects each.
const (
	leftLists   = 20
	leftObjects = 150
)

func newLeft() *left {
	l := &left{
		plan:  run.Plan{Bucket: "b", Root: "r", Scan: &run.ScanPlan{TotalSegments: 1, Compression: request.CompressionNone, Format: request.FormatDynamoDBJSON}},
		lists: map[string][]byte{}, uploads: map[string]bool{}, hidden: map[string]bool{}, completed: map[string]int64{}, sent: map[string]int{},
	}
	before := run.SegmentList{Invocation: -1}
	for n := range leftLists {
		key := json.RawMessage(fmt.Sprintf(`{"id":{"N":"%d"}}`, n))
		list := run.SegmentList{
			Version: run.Version, Plan: l.plan.Digest(), Invocation: n, Try: "0a1b2c3d", After: before.Try, FirstPart: before.NextPart, NextPart: before.NextPart + leftObjects,
			Start: before.End, End: run.Position(key), LastEvaluatedKey: key, Totals: run.Totals{Items: leftObjects},
		}
		for part := list.FirstPart; part < list.NextPart; part++ {
			o := run.Object{Key: l.object(part), UploadID: "id", Bytes: 7, Parts: []run.Part{{ETag: "e"}}}
			list.Objects = append(list.Objects, o)
			l.uploads[o.Key] = true
		}
		l.lists[l.plan.Layout().KeyOf(list)] = run.Marshal(list)
		before = list
	}
	return l
}

// segment returns an invocation of the segment. Each of its requests has one try.
func (l *left) segment() *segment {
	return &segment{plan: l.plan, bucket: bucket.New(awsclient.S3(aws.Config{
		Region: "us-east-1", HTTPClient: l, Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}), l.plan)}
}

// object returns the key of an object by its number.
func (l *left) object(part int) string { return l.plan.Layout().Data(0, part, "0a1b2c3d", ".json") }

func (l *left) complete(key string) {
	delete(l.uploads, key)
	l.completed[key] = 7
}

// A takeover needs few requests for a segment of 3,000 objects, and finds what a listing does not show.
func TestResumeOfALargeSegment(t *testing.T) {
	t.Parallel()
	all := func(l *left) { // completes everything
		for key := range l.uploads {
			l.complete(key)
		}
	}
	for _, test := range []struct {
		name                                  string
		spoil                                 func(l *left)
		lists                                 int // that are kept
		gets, parts, uploadPages, objectPages int
	}{
		{"all uploads are open", func(*left) {}, 20, 20, 0, 3, 2},
		{"all uploads are completed", all, 20, 20, 0, 1, 4},
		{"some are completed", func(l *left) { l.complete(l.object(5)); l.complete(l.object(2999)) }, 20, 20, 0, 3, 2},
		{"some are not shown", func(l *left) { l.hidden[l.object(5)], l.hidden[l.object(2999)] = true, true }, 20, 20, 2, 3, 2},
		{"one is gone", func(l *left) { delete(l.uploads, l.object(450)) }, 3, 20, 1, 3, 3},
		{"all are gone", func(l *left) { clear(l.uploads) }, 0, 20, 1, 1, 3},
		{"one is completed after the listings", func(l *left) {
			l.hidden[l.object(450)] = true
			l.onParts = l.complete
		}, 20, 20, 1, 3, 3},
		{"one is completed with another size", func(l *left) { l.complete(l.object(450)); l.completed[l.object(450)]++ }, 3, 20, 1, 3, 3},
		{"no lists", func(l *left) { clear(l.lists) }, 0, 0, 0, 0, 1},
		{"names of others", func(l *left) { clear(l.lists); l.lists[l.plan.Layout().SegmentListsOf(0)+"notes.json"] = []byte("{}") }, 0, 0, 0, 0, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			l := newLeft()
			test.spoil(l)
			at, err := l.segment().resume(t.Context())
			if err != nil || at.Done || at.Invocation != test.lists || at.Part != test.lists*leftObjects || at.Totals.Items != int64(at.Part) || (at.Try == "") != (test.lists == 0) {
				t.Errorf("got %+v, %v, want it after %d lists", at, err, test.lists)
			}
			want := map[string]int{"GetObject": test.gets, "ListParts": test.parts, "ListMultipartUploads": test.uploadPages, "ListObjectsV2": test.objectPages}
			for operation, n := range want {
				if l.sent[operation] != n {
					t.Errorf("%d × %s, want %d", l.sent[operation], operation, n)
				}
			}
		})
	}
}

// A takeover does not scan from the start because S3 does not answer: a retry looks again.
func TestResumeFailsIfS3DoesNotAnswer(t *testing.T) {
	t.Parallel()
	for _, operation := range []string{"ListObjectsV2", "GetObject", "ListMultipartUploads", "ListParts"} {
		l := newLeft()
		l.broken, l.hidden[l.object(5)] = operation, true
		if at, err := l.segment().resume(t.Context()); err == nil || failure.NameOf(err).Permanent() {
			t.Errorf("%s: got %+v, %v", operation, at, err)
		}
	}
}

// A segment continues only at the key that its checkpoint means. If S3 does not answer, a retry asks again.
func TestStartKey(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		spoil func(l *left, key string)
		err   bool
		words string // of ListsInconsistent; "" for an error that passes
	}{
		{"as it was written", func(*left, string) {}, false, ""},
		{"S3 does not answer", func(l *left, _ string) { l.broken = "GetObject" }, true, ""},
		{"gone", func(l *left, key string) { delete(l.lists, key) }, true, "no such object"},
		{"not JSON", func(l *left, key string) { l.lists[key] = []byte("{") }, true, "unexpected end of JSON input"},
		{"another version", func(l *left, key string) { l.lists[key] = []byte(`{"version":2}`) }, true, "its version is 2"},
		{"another key", func(l *left, key string) {
			l.lists[key] = []byte(strings.Replace(string(l.lists[key]), `{"N":"6"}`, `{"N":"60"}`, 1))
		}, true, "another position"},
		{"no key", func(l *left, key string) {
			l.lists[key] = []byte(strings.Replace(string(l.lists[key]), `"lastEvaluatedKey"`, `"x"`, 1))
		}, true, "another position"},
		{"another plan", func(l *left, key string) {
			l.lists[key] = []byte(strings.Replace(string(l.lists[key]), `"plan":"`, `"plan":"f`, 1))
		}, true, "another position"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			l := newLeft()
			s := l.segment()
			s.from = run.Checkpoint{Invocation: 7, Try: "0a1b2c3d", Position: run.Position([]byte(`{"id":{"N":"6"}}`))}
			test.spoil(l, l.plan.Layout().SegmentList(0, 6, "0a1b2c3d"))
			key, err := s.startKey(t.Context())
			switch {
			case !test.err:
				if err != nil || string(key) != `{"id":{"N":"6"}}` {
					t.Errorf("got %s, %v", key, err)
				}
			case err == nil || failure.NameOf(err).Permanent() != (test.words != ""):
				t.Errorf("got %s, %v", key, err)
			case test.words != "" && (failure.NameOf(err) != failure.ListsInconsistent || !strings.Contains(err.Error(), test.words) || !strings.Contains(err.Error(), "start a new execution")):
				t.Errorf("got %v, want %s with %s", err, failure.ListsInconsistent, test.words)
			}
		})
	}
}

// The times in a list are those of the clock, in UTC.
func TestListHasTheTimesOfTheClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newChildren(&priced{items: 10, units: 1}, 0, 1, 1, time.Minute)
		objects := &line{rate: func() int64 { return 20_000_000 }, trip: time.Second}
		stored := aws.Config{Region: "us-east-1", HTTPClient: objects, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}
		c.step.Objects = func(run.Plan) *s3.Client { return awsclient.S3(stored) }
		const ahead = 10 * time.Second
		c.step.Now = func() time.Time { return time.Now().Add(ahead).In(time.FixedZone("", 19_800)) }
		begun := time.Now().Add(ahead).UTC()
		c.segment(t, 0)
		body := objects.files["/b/"+c.plan.Layout().SegmentEnd(0)]
		list, err := run.ParseSegmentList([]byte(body))
		took := list.EndTime.Sub(list.StartTime) // a page, the beginning of the upload, and its part
		if err != nil || !list.StartTime.Equal(begun) || took < 2*time.Second || took > 4*time.Second || strings.Count(body, `Z","`) != 2 {
			t.Errorf("began at %s, %v: %s", begun, err, body)
		}
	})
}
