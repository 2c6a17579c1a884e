package segment

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/job"
)

// settled tells whether an execution that had the run before has come to this segment's end, with everything that it listed
// still there as it was listed, and returns the checkpoint that was its last. A segment that is not settled is scanned anew:
// where to go on in it only the dead execution knew, for a list holds a digest of the key and not the key.
func settled(ctx context.Context, from *bucket.Bucket, plan job.Plan, segment int) (end job.Checkpoint, ok bool, err error) {
	layout := plan.Layout()
	var lists []job.SegmentList
	for {
		body, err := from.Get(ctx, layout.SegmentList(segment, len(lists)))
		if errors.Is(err, bucket.ErrNotFound) {
			return end, false, nil
		}
		if err != nil {
			return end, false, fmt.Errorf("read what the last execution has listed: %w", err)
		}
		var list job.SegmentList
		if json.Unmarshal(body, &list) != nil {
			return end, false, nil // finalize would say so of it; it is written anew
		}
		lists = append(lists, list)
		if list.Done {
			break
		}
	}
	if _, fault := job.Chain(segment, lists); fault != "" {
		return end, false, nil
	}
	objects := map[string]job.Object{}
	for _, list := range lists {
		end.Totals.Add(list.Totals)
		for _, o := range list.Objects {
			objects[o.Key] = o
		}
	}
	for entry, err := range from.List(ctx, layout.DataOf(segment)) {
		if err != nil {
			return end, false, fmt.Errorf("look for what the last execution has written: %w", err)
		}
		if o, named := objects[entry.Key]; named && o.Bytes == entry.Bytes && o.ETag == entry.ETag {
			delete(objects, entry.Key)
		}
	}
	end.Done, end.Invocation, end.Part = true, len(lists), lists[len(lists)-1].NextPart
	return end, len(objects) == 0, nil
}
