package watch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/fault"
	"dynamodb-to-s3/lambda/limit"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"
)

// What one look at the segment lists requests at most. With 10,000 segments it lists all keys in five looks.
const (
	mostTime  = 8 * time.Second // after it, no read begins
	mostPages = 2               // of ListObjectsV2, with bucket.ListPage keys each
	mostReads = 500             // GetObject
	atOnce    = 16              // of them
	headBytes = 16 << 10
)

// lists reads the segment lists of one pass, each of them once.
type lists struct {
	s3     *s3.Client
	bucket *bucket.Bucket
	plan   run.Plan
	begun  time.Time // when the pass began
	limit  float64   // maxReadUnits, or what a redrive has raised it to
	known  bool      // the limit was read
	digest string
	own    run.OwnKeys

	after string // the key after which the next look lists
	// whole says that all keys were listed at least once, and after the end of the pass once more.
	whole  bool
	over   bool // the pass has ended
	seen   map[string]bool
	unread []string
	heads  map[int][]run.SegmentList // by segment, without their objects
	sums   map[int]sum
}

// sum is what the lists of a segment say, or those of a pass.
type sum struct {
	run.Totals
	lists     int
	ended     int        // segments that are done
	whole     run.Totals // of these segments
	seconds   float64
	waited    float64
	throttles map[string]int64
}

func newLists(client *s3.Client, plan run.Plan, begun time.Time) *lists {
	return &lists{
		s3: client, bucket: bucket.New(client, plan), plan: plan, begun: begun, limit: plan.Scan.MaxReadUnits, digest: plan.Digest(), own: plan.OwnKeys(),
		seen: map[string]bool{}, heads: map[int][]run.SegmentList{}, sums: map[int]sum{},
	}
}

// errNoList says that an object is no segment list, or not any more. It says nothing about the run.
var errNoList = errors.New("no segment list")

// look finds new lists and reads them, within the bounds. What it has read remains if it fails.
func (l *lists) look(ctx context.Context) error {
	if err := l.readLimit(ctx); err != nil {
		return err
	}
	if err := l.list(ctx); err != nil {
		return err
	}
	var mu sync.Mutex
	var reading errgroup.Group
	reading.SetLimit(atOnce)
	begun, next := time.Now(), 0
	var left []string
	for ; next < min(len(l.unread), mostReads) && time.Since(begun) < mostTime; next++ {
		key := l.unread[next]
		reading.Go(func() error {
			list, err := l.read(ctx, key)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				l.heads[list.Segment] = append(l.heads[list.Segment], list)
			case errors.Is(err, errNoList):
				return nil
			default:
				left = append(left, key)
			}
			return err
		})
	}
	err := reading.Wait()
	l.unread = append(left, l.unread[next:]...)
	for segment := range l.heads {
		l.add(segment)
	}
	return err
}

// readLimit reads the limit of a run that has one. A redrive can have raised it before this program looked.
func (l *lists) readLimit(ctx context.Context) (err error) {
	if !l.known && l.limit > 0 {
		if l.limit, err = limit.Of(ctx, l.bucket, l.plan); err != nil {
			l.limit = l.plan.Scan.MaxReadUnits
			return err
		}
	}
	l.known = true
	return nil
}

// end says that the pass has ended, so that one more round through all keys finds the last lists.
func (l *lists) end() {
	if !l.over {
		l.over, l.whole, l.after = true, false, ""
	}
}

// list lists the next keys.
func (l *lists) list(ctx context.Context) error {
	listed := 0
	for entry, err := range l.bucket.ListAfter(ctx, l.plan.Layout().SegmentLists(), l.after) {
		if err != nil {
			return err
		}
		if l.after = entry.Key; l.own.List(entry.Key) && !l.seen[entry.Key] {
			l.seen[entry.Key], l.unread = true, append(l.unread, entry.Key)
		}
		if listed++; listed == mostPages*bucket.ListPage {
			return nil
		}
	}
	l.after, l.whole = "", true
	return nil
}

// read reads the beginning of a list.
func (l *lists) read(ctx context.Context, key string) (run.SegmentList, error) {
	answer, err := l.s3.GetObject(ctx, &s3.GetObjectInput{
		Bucket: &l.plan.Bucket, Key: &key, Range: aws.String(fmt.Sprint("bytes=0-", headBytes-1)), ExpectedBucketOwner: owner(l.plan),
	})
	switch code := fault.Code(err); {
	case code == "NoSuchKey", code == "InvalidRange": // it was removed since, or it is empty
		return run.SegmentList{}, errNoList
	case err != nil:
		return run.SegmentList{}, fault.Call{
			Service: "S3", Action: "s3:GetObject", On: l.bucket.URI(key), Key: "the KMS key of the bucket", Role: "that your user or role may read the bucket",
		}.Named(err)
	}
	defer func() { _ = answer.Body.Close() }() // it was only read
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return run.SegmentList{}, failure.Errorf(failure.EndpointUnreachable, "s3:GetObject on %s: %w", l.bucket.URI(key), err)
	}
	list, err := head(body)
	if err != nil {
		return list, errNoList
	}
	return list, nil
}

// head returns what comes before the objects in a segment list, from the beginning of its JSON.
func head(body []byte) (list run.SegmentList, err error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	if _, err := decoder.Token(); err != nil {
		return list, err
	}
	members := map[string]json.RawMessage{}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return list, err
		}
		if name == "objects" {
			break
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return list, err
		}
		members[name.(string)] = value //nolint:forcetypeassert // of JSON that the decoder reads
	}
	delete(members, "lastEvaluatedKey")
	return run.ParseSegmentList(run.Marshal(members))
}

// add sums up a segment. Only the lists that lead to each other count, so that tries that led nowhere count no item twice.
func (l *lists) add(segment int) {
	chain, _ := run.LongestChain(l.digest, l.heads[segment], func(run.SegmentList) (bool, error) { return true, nil }) // never fails
	of := sum{throttles: map[string]int64{}}
	for _, list := range chain {
		of.join(sum{
			Totals: list.Totals, lists: 1, seconds: max(list.EndTime.Sub(list.StartTime), 0).Seconds(), waited: list.Work.WaitSeconds, throttles: list.Work.Throttles,
		})
	}
	if len(chain) > 0 && chain[len(chain)-1].Done {
		of.ended, of.whole = 1, of.Totals
	}
	l.sums[segment] = of
}

// join adds o to s.
func (s *sum) join(o sum) {
	s.Add(o.Totals)
	s.whole.Add(o.whole)
	s.lists, s.ended, s.seconds, s.waited = s.lists+o.lists, s.ended+o.ended, s.seconds+o.seconds, s.waited+o.waited
	for reason, count := range o.throttles {
		s.throttles[reason] += count
	}
}

// sum returns what all lists say that were read.
func (l *lists) sum() sum {
	all := sum{throttles: map[string]int64{}}
	for _, of := range l.sums {
		all.join(of)
	}
	return all
}

// owner returns the account that must own the bucket, nil if any may.
func owner(plan run.Plan) *string {
	if plan.BucketOwner == "" {
		return nil
	}
	return &plan.BucketOwner
}

// behind reports whether there may be lists that were not read yet, although their invocations ended long ago.
func (l *lists) behind() bool { return !l.whole || len(l.unread) > 0 }
