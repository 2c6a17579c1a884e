package chaos

import (
	"context"
	"fmt"
	"slices"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"
)

const (
	foreignTry  = "feedface"
	foreignPlan = "0123456789abcdef"
)

// addList adds a list that no other list follows, so that it must change nothing.
func (h *hand) addList(ctx context.Context) (deed, error) {
	plan, err := h.plan(ctx)
	if err != nil {
		return deed{}, err
	}
	layout, segment := plan.Layout(), pick(h.random, plan.Scan.Segments()...)
	list := run.SegmentList{
		Version: run.Version, Plan: plan.Digest(), Segment: segment, Invocation: h.random.IntN(3), Try: foreignTry, After: "deadbeef",
		FirstPart: 1, NextPart: 2, Start: "there", End: "elsewhere",
		Objects: []run.Object{{Key: layout.Data(segment, 1, foreignTry, plan.Scan.Extension()), Items: 1, Bytes: 1, UploadID: "none", Parts: []run.Part{{ETag: "e"}}}},
	}
	switch h.random.IntN(4) {
	case 0:
		key := layout.SegmentLists() + "notes.json"
		return deed{what: "adds " + key, kept: []string{key}}, h.put(ctx, key, []byte("[]"))
	case 1: // a run of this plan could continue from it
		list = foreignList(segment)
		list.LastEvaluatedKey = []byte(`{"orderId":{"S":"order-00000000"}}`)
		list.End = run.Position(list.LastEvaluatedKey)
	case 2: // a run of this plan could be done with it
		list = foreignList(segment)
		list.Done = true
		created, err := h.create(ctx, layout.KeyOf(list), run.Marshal(list))
		if created || err != nil {
			return deed{what: fmt.Sprintf("adds the end of segment %d for another plan", segment)}, err
		}
		list.Done, list.End = false, "elsewhere"
	}
	key := layout.KeyOf(list)
	return deed{what: fmt.Sprintf("adds a list of segment %d and plan %s", segment, list.Plan), swept: []string{key}}, h.put(ctx, key, run.Marshal(list))
}

// foreignList returns a list of another plan, which begins a segment and names no objects.
func foreignList(segment int) run.SegmentList {
	return run.SegmentList{Version: run.Version, Plan: foreignPlan, Segment: segment, Try: foreignTry, Objects: []run.Object{}}
}

// spoilList removes or changes a list of the run.
func (h *hand) spoilList(ctx context.Context) (deed, error) {
	chained, lists, err := h.chain(ctx)
	if err != nil || len(lists) == 0 {
		return deed{}, err
	}
	did := deed{fails: []failure.Name{failure.ListsInconsistent}, mended: true}
	key := pick(h.random, sortedKeys(lists)...)
	if h.at == atFinalize && len(chained) > 0 {
		key = pick(h.random, chained...)
		did.certain = h.readersEnded()
	}
	list := lists[key]
	switch how := h.random.IntN(5); {
	case how == 0:
		did.what = "removes " + key
		return did, h.remove(ctx, key)
	case how == 1:
		list.Plan = foreignPlan
	case how == 2:
		list.Segment++
	case how == 3 && len(list.Objects) > 0: // S3 knows how many bytes the parts have
		list.Objects = slices.Clone(list.Objects)
		list.Objects[0].Bytes++
		did.fails = append(did.fails, failure.UploadGone) // if finalize dies while it withdraws what it has completed
	default:
		did.what, did.mended = "damages "+key, list.Done // finalize cannot read it, unless a takeover replaces it
		return did, h.put(ctx, key, []byte(`{"version":1,"segment":`))
	}
	did.what = "changes " + key
	return did, h.put(ctx, key, run.Marshal(list))
}
