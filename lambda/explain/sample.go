package explain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"dynamodb-to-s3/lambda/encoder"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/scan"
	"dynamodb-to-s3/lambda/sink"
	"dynamodb-to-s3/lambda/table"
	"dynamodb-to-s3/lambda/transform"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

const (
	// usualUnits is what a sample consumes at most, apart from its last page: 1,024 read units cost $0.00013. leastUnits is enough for a few pages.
	usualUnits, leastUnits = 1024, 8
	// looked is how many segments a round looks at, and rounds how often it can choose another number of segments.
	looked, rounds = 8, 6
	// enough is how many items must be counted for a good guess of how many there are.
	enough = 1000
	// firstLimit is the limit of a segment's first page, and growth how much more the next page may have. probeLimit is that of a probe.
	firstLimit, growth, probeLimit = 64, 8, 16
	// mostSegments is the most that the Scan API takes.
	mostSegments = 1_000_000
)

// sampler reads pages of segments of a table that is divided for the sample alone.
type sampler struct {
	client *dynamodb.Client
	plan   run.Plan
	step   float64 // what a page is rounded up to, in read units
	left   float64 // read units
	run.Sample
	encoder    encoder.Encoder
	compressor sink.Compressor
	stored     counter
	records    []byte
	seconds    []float64 // of full pages, by the pages that were read
	// whole are the bytes and the items of pages that are so large that rounding up hardly matters.
	whole struct{ bytes, items float64 }
	// sizes and squares are the sums of the items' sizes, and of their squares.
	sizes, squares float64
}

// counter counts what is written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) { *c += counter(len(p)); return len(p), nil }

// takeSample reads some pages from segments all over the table. Its first guess of how many segments to divide the table into comes from the size of
// the table, if that is known. It counts items in whole segments, so that it can tell how many the table has.
func takeSample(ctx context.Context, client *dynamodb.Client, plan run.Plan, bytes, units float64) (run.Sample, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	s := &sampler{client: client, plan: plan, step: 0.5, left: units}
	if aws.ToBool(plan.Scan.Request.ConsistentRead) {
		s.step = 1
	}
	var err error
	if s.encoder, err = scan.EncoderOf(*plan.Scan); err != nil {
		return s.Sample, err
	}
	if s.compressor, err = sink.NewCompressor(plan.Scan.Compression); err != nil {
		return s.Sample, err
	}
	s.compressor.Reset(&s.stored)
	err = s.look(ctx, bytes, units)
	if closed := s.compressor.Close(); err == nil {
		err = closed
	}
	if s.Bytes = int64(s.stored); s.Items == 0 {
		s.Bytes = 0 // no object is begun without a record
	}
	if n := float64(s.Items); n > 0 {
		mean := s.sizes / n
		s.Spread = math.Sqrt(max(0, s.squares/n-mean*mean)) / mean
	}
	if s.whole.items > 0 {
		s.TableBytes = s.whole.bytes / s.whole.items * float64(s.Scanned)
	}
	if slices.Sort(s.seconds); len(s.seconds) > 0 {
		s.PageSeconds = s.seconds[len(s.seconds)/2]
	}
	return s.Sample, err
}

// look looks at segments, and divides the table again until their items can be counted.
func (s *sampler) look(ctx context.Context, bytes, units float64) error {
	perSegment := units / looked / 2 / s.step * 4096
	total := int(min(max(1, bytes/perSegment), mostSegments))
	if bytes == 0 {
		var err error
		if total, err = s.probe(ctx); err != nil {
			return err
		}
		s.left = max(s.left, units/2) // a probe of large items can need all of it
	}
	for round := range rounds {
		counts, whole, err := s.round(ctx, total)
		if err != nil {
			return err
		}
		items, sumWhole := 0.0, 0
		for i, n := range counts {
			if items += n; whole[i] {
				sumWhole++
			}
		}
		if len(counts) == 0 {
			return nil
		}
		s.count(counts, total, whole)
		if s.Whole || s.left <= 0 || round == rounds-1 {
			return nil
		}
		switch {
		case sumWhole < len(counts)/2 && total < mostSegments:
			total = min(total*64, mostSegments)
		case items >= enough || sumWhole < len(counts)/2 || sumWhole == len(counts) && total <= 1:
			return nil
		case items == 0:
			total = max(1, total/64)
		default:
			next := max(1, int(float64(total)*items/(2*enough)))
			if perItem := s.ReadUnits / float64(max(1, s.Scanned)); perItem*2*enough > s.left { // as many as can be paid for
				next = max(1, int(float64(total)*items*perItem/s.left))
			}
			if next >= total {
				return nil
			}
			total = next
		}
	}
	return nil
}

// probe looks for a number of segments that have some items each, with one small page of one segment at a time.
func (s *sampler) probe(ctx context.Context) (total int, err error) {
	total = 256
	for limit := float64(probeLimit); s.left > 0; {
		before := s.ReadUnits
		items, whole, err := s.read(ctx, total, total/2, 0, limit)
		if err != nil {
			return total, err
		}
		if s.ReadUnits-before > probeLimit { // they are large
			limit = 1
		}
		switch {
		case !whole && total < mostSegments:
			total = min(16*total, mostSegments)
		case whole && items < limit/4 && total > 1:
			return max(1, total/16), nil
		default:
			return total, nil
		}
	}
	return total, nil
}

// round reads some of the segments into which the table is divided, and returns how many items each has, and whether it was read to its end.
func (s *sampler) round(ctx context.Context, total int) (counts []float64, whole []bool, err error) {
	n := min(looked, total)
	each := s.left / float64(n)
	if total > 1 { // the last round can need more
		each = min(each, s.left/float64(n)/1.5)
	}
	for i := 0; i < n && s.left > 0; i++ {
		segment := i
		if total > n {
			segment = int((float64(i) + 0.5) / float64(n) * float64(total))
		}
		scanned, ended, err := s.read(ctx, total, segment, each, firstLimit)
		if scanned > 0 || ended {
			counts, whole = append(counts, scanned), append(whole, ended)
		}
		if err != nil {
			return counts, whole, err
		}
	}
	return counts, whole, nil
}

// read reads one segment until it has consumed so many units, or to its end. limit is that of the first page.
func (s *sampler) read(ctx context.Context, total, segment int, units, limit float64) (items float64, whole bool, err error) {
	as := s.plan
	as.Scan = new(*s.plan.Scan)
	as.Scan.TotalSegments, as.Scan.Request.Segment, as.Scan.Request.TotalSegments = total, nil, nil
	reader, err := table.NewReader(s.client, as, segment)
	if err != nil {
		return 0, false, err
	}
	var page table.Page
	var key json.RawMessage
	if s.Scanned > 0 && s.ReadUnits/float64(s.Scanned) > 2*s.step { // items are large
		limit = math.Min(limit, units/(s.ReadUnits/float64(s.Scanned)))
	}
	for {
		page.Limit = int32(max(1, limit)) //nolint:gosec // a small number
		begun := time.Now()
		if err := reader.Next(ctx, key, &page); err != nil {
			return items, false, err
		}
		s.add(page, time.Since(begun).Seconds())
		if err := s.encode(ctx, &page); err != nil {
			return items, false, err
		}
		items += float64(page.Scanned)
		units -= page.ReadUnits
		if key = page.LastEvaluatedKey; len(key) == 0 {
			return items, true, nil
		}
		if units <= 0 {
			return items, false, nil
		}
		limit = math.Min(limit*growth, 1e6)
		if page.ReadUnits > 0 && page.Scanned > 0 {
			limit = math.Min(limit, math.Max(1, units/page.ReadUnits*float64(page.Scanned)))
		}
	}
}

// add adds a page to the sample.
func (s *sampler) add(page table.Page, seconds float64) {
	s.Pages++
	s.Scanned += page.Scanned
	s.Items += int64(page.Items.Len())
	s.ReadUnits += page.ReadUnits
	s.PageBytes += page.Bytes
	s.left -= page.ReadUnits
	if page.Scanned == 0 {
		return
	}
	bytes := max(0, page.ReadUnits-s.step/2) / s.step * 4096 // it was rounded up
	s.TableBytes += bytes
	if page.ReadUnits >= 4*s.step {
		s.whole.bytes, s.whole.items = s.whole.bytes+bytes, s.whole.items+float64(page.Scanned)
	}
	if bytes >= 64<<10 && s.Pages > 1 { // the first page has also made the connection
		s.seconds = append(s.seconds, max(0, seconds-0.015)/bytes*(1<<20)+0.015)
	}
}

// encode makes records of the items of a page.
func (s *sampler) encode(ctx context.Context, page *table.Page) error {
	if err := page.Parse(); err != nil {
		return err
	}
	for i := range page.Items.Len() {
		var n int
		var err error
		if s.records, n, err = s.encoder.Append(ctx, s.records[:0], page.Items.Item(i)); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if _, failed := errors.AsType[*transform.Error](err); failed {
				return failure.Errorf(failure.TransformFailed, "an item of the sample: %w", err)
			}
			return failure.Errorf(failure.ItemNotEncodable, "an item of the sample cannot be written as %s: %w", s.plan.Scan.OutputFormat(), err)
		}
		size := float64(len(page.Items.Item(i)))
		s.Records, s.sizes, s.squares = s.Records+int64(n), s.sizes+size, s.squares+size*size
		if _, err := s.compressor.Write(s.records); err != nil {
			return fmt.Errorf("compress the sample: %w", err)
		}
	}
	return nil
}

// count says how many items the table has, by the segments of the last round. A segment that was not read to its end counts with what was read.
func (s *sampler) count(counts []float64, total int, whole []bool) {
	all := !slices.Contains(whole, false)
	sum, squares := 0.0, 0.0
	for _, n := range counts {
		sum, squares = sum+n, squares+n*n
	}
	n := float64(len(counts))
	mean := sum / n
	s.TotalItems = mean * float64(total)
	if s.Whole = all && len(counts) == total; s.Whole {
		s.TotalItems, s.ErrorPercent = sum, 0
		return
	}
	if mean > 0 && n > 1 {
		s.ErrorPercent = math.Ceil(100 * math.Sqrt(max(squares/n-mean*mean, mean)/(n-1)) / mean)
	}
}
