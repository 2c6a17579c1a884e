package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// hand is somebody else who changes the run's folder once, at a drawn moment. What it does is in the files draw_claims.go, draw_lists.go,
// draw_objects.go and draw_uploads.go.
type hand struct {
	run    *seedRun
	random *rand.Rand
	at     moment
	second bool // the hand acts in the second pass of a run that makes Parquet files
	nth    int  // the request of scan or convert, for atScan

	mu       sync.Mutex // guards the following fields
	requests int        // of scan or convert
	begun    map[*invocation]bool
	did      deed
}

// A moment is when the hand acts.
type moment string

const (
	beforeRun    moment = "before the run"
	atScan       moment = "during the scan"
	atFinalize   moment = "when finalize begins" // before it has listed anything
	atCompletion moment = "when finalize completes an upload"
	atManifest   moment = "when finalize has completed all uploads"
	atColumns    moment = "when columns begins"
	atConvert    moment = "during the conversion"
)

// A deed is what the hand has done, and what must follow.
type deed struct {
	what string // "" if the hand has not acted yet
	// fails are the names with which the run may fail. If certain, it must not commit.
	fails   []failure.Name
	certain bool
	// mended says that an execution that takes the run over, or that starts again, can mend it, because it scans again what is missing.
	mended bool
	// kept are keys of objects and uploads that the run must leave alone, and swept are those that it must remove before it commits.
	kept, swept []string
	commit      string // the key of a forged commit
	kills       bool   // the invocation whose request it was
}

// newHand returns the hand of a seed. It never acts if the seed has none.
func newHand(r *seedRun) *hand {
	random := draw(r.scenario.Seed, "hand")
	h := &hand{run: r, random: random, nth: 1 + random.IntN(25), begun: map[*invocation]bool{}}
	switch r.scenario.Beside {
	case kindClaim:
		h.at = pick(random, beforeRun, beforeRun, atScan)
	case kindListAdded, kindListSpoiled, kindObjectAdded, kindUploadAdded:
		h.at = pick(random, atScan, atFinalize)
	case kindObjectChange:
		h.at = atManifest
	case kindUploadGone:
		h.at = pick(random, atScan, atFinalize, atCompletion)
	case kindStaged:
		h.at = pick(random, atColumns, atConvert)
	}
	h.second = r.scenario.Parquet && draw(r.scenario.Seed, "pass of the hand").IntN(2) == 0
	return h
}

// before lets the hand act before a request, if its moment has come.
func (h *hand) before(ctx context.Context, i *invocation, o operation) {
	if h.at == "" {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.did.what != "" || !h.isTime(i, o) {
		return
	}
	did, err := h.act(context.WithoutCancel(ctx), o)
	if err != nil {
		h.run.fail(fmt.Errorf("%s: %w", h.run.scenario.Beside, err))
	}
	if did.what == "" {
		return
	}
	if did.kills {
		i.process.kill(h.random)
	}
	h.remember(did, i.caller)
}

func (h *hand) remember(did deed, caller string) {
	h.did = did
	h.run.injected(faultHand, caller, h.at, did.what)
}

// isTime reports whether the hand's moment has come. If the scan ends before its moment, the hand acts when finalize begins.
func (h *hand) isTime(i *invocation, o operation) bool {
	reads, columns := contract.FunctionScan, i.function == contract.FunctionColumns
	if h.second {
		reads = contract.FunctionConvert
	}
	switch finalizes := i.function == contract.FunctionFinalize && i.second == h.second; {
	case i.function == reads && h.at == atScan, i.function == contract.FunctionConvert && h.at == atConvert:
		h.requests++
		return h.requests >= h.nth
	case h.at == atColumns:
		first := columns && !h.begun[i]
		h.begun[i] = h.begun[i] || columns
		return first && h.run.alone(i, contract.FunctionColumns)
	case finalizes && (h.at == atScan || h.at == atFinalize):
		h.at = atFinalize
		first := !h.begun[i]
		h.begun[i] = true
		return first && h.run.alone(i, contract.FunctionFinalize)
	case finalizes && h.at == atCompletion:
		return o.name == "CompleteMultipartUpload"
	case finalizes && h.at == atManifest:
		return o.name == "PutObject" && strings.HasSuffix(o.subject, "/manifest-files.json") && h.run.alone(i, contract.FunctionFinalize)
	default:
		return false
	}
}

// act lets the hand do what its seed has drawn. It does nothing if that is not possible yet, or if the run has committed: an invocation that
// was given up can come to the hand's moment after the commit.
func (h *hand) act(ctx context.Context, o operation) (deed, error) {
	there, err := h.run.everything(ctx)
	if err != nil || there[h.run.layout().ManifestSummary()] {
		return deed{}, err
	}
	if h.run.scenario.Beside == kindStaged {
		return h.changeStaged(ctx)
	}
	if plan, err := h.plan(ctx); err != nil || there[plan.Layout().ManifestSummary()] {
		return deed{}, err
	}
	switch h.run.scenario.Beside {
	case kindClaim:
		return h.changeClaim(ctx)
	case kindListAdded:
		return h.addList(ctx)
	case kindListSpoiled:
		return h.spoilList(ctx)
	case kindObjectAdded:
		return h.addObject(ctx)
	case kindObjectChange:
		return h.changeObject(ctx)
	case kindUploadAdded:
		return h.addUpload(ctx)
	default:
		return h.abortUpload(ctx, o)
	}
}

// alone reports whether no other invocation of a function is at work or can go on later.
func (r *seedRun) alone(own *invocation, function contract.Function) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !slices.ContainsFunc(r.invocations, func(i *invocation) bool { return i != own && i.function == function && !closed(i.process.ended) })
}

// readersEnded reports whether no invocation of scan or convert is at work or can go on later.
func (h *hand) readersEnded() bool {
	return h.run.alone(nil, contract.FunctionScan) && h.run.alone(nil, contract.FunctionConvert)
}

// explains reports whether the hand is a reason for a failure.
func (h *hand) explains(name failure.Name) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Contains(h.did.fails, name)
}

// forged reports whether the key is of a commit that the hand has written.
func (h *hand) forged(key string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return key != "" && h.did.commit == key
}

// keeps reports whether the key is of something that the run must leave alone.
func (h *hand) keeps(key string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Contains(h.did.kept, key)
}

// check compares what became of the run with what the hand has done. result is nil if there is no commit.
func (h *hand) check(ctx context.Context, result *run.Result) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.did.what == "" {
		return nil
	}
	there, err := h.run.everything(ctx)
	if err != nil {
		return err
	}
	for _, key := range h.did.kept {
		removed := result != nil && strings.Contains(key, stagingFolder) && !h.run.scenario.parquet.keepsStaging // with the whole folder
		if !there[key] && !removed {
			return fmt.Errorf("%s, and the run has removed %s", h.did.what, key)
		}
	}
	if result == nil {
		return nil
	}
	for _, key := range h.did.swept {
		// Finalize cannot abort an upload that its listing does not show.
		if hidden := h.run.scenario.Beside == kindUploadAdded && h.run.had(faultUploadHidden); there[key] && !hidden {
			return fmt.Errorf("%s, and the run has committed beside %s", h.did.what, key)
		}
	}
	startedAgain := h.run.scenario.TakesOver || h.run.faultsOff.Load() && !h.run.scenario.Redrives
	if mended := h.did.mended && startedAgain; h.did.certain && !mended {
		return fmt.Errorf("%s, and the run has committed", h.did.what)
	}
	return nil
}

// everything returns the keys of all objects and open uploads in the run's folder.
func (r *seedRun) everything(ctx context.Context) (map[string]bool, error) {
	there := map[string]bool{}
	keys, err := r.keys(ctx)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		there[key] = true
	}
	uploads, err := r.uploads(ctx)
	for _, upload := range uploads {
		there[*upload.Key] = true
	}
	return there, err
}

// plan returns the run's plan from its claim. The hand may read everything.
func (r *seedRun) plan(ctx context.Context) (run.Plan, error) {
	var claim struct{ Output run.PlanOutput }
	body, err := r.get(ctx, r.layout().Claim())
	if err == nil {
		err = json.Unmarshal(body, &claim)
	}
	return claim.Output.Plan, err
}

// plan returns the plan of the pass in which the hand acts.
func (h *hand) plan(ctx context.Context) (run.Plan, error) {
	plan, err := h.run.plan(ctx)
	if err != nil || !h.second {
		return plan, err
	}
	var decided run.Schema
	body, err := h.run.get(ctx, plan.Final().Schema())
	if err == nil {
		err = json.Unmarshal(body, &decided)
	}
	return plan.Converting(decided, run.Digest(json.RawMessage(body))), err
}

// lists returns the segment lists of a pass by their keys, in order.
func (r *seedRun) lists(ctx context.Context, of run.Layout) (keys []string, lists map[string]run.SegmentList, err error) {
	all, err := r.keys(ctx)
	lists = map[string]run.SegmentList{}
	for _, key := range all {
		if err != nil || !strings.HasPrefix(key, of.SegmentLists()) {
			continue
		}
		var body []byte
		if body, err = r.get(ctx, key); err != nil {
			if _, gone := errors.AsType[*types.NoSuchKey](err); gone { // it was swept since
				err = nil
			}
			continue
		}
		if list, fault := run.ParseSegmentList(body); fault == nil {
			keys, lists[key] = append(keys, key), list
		}
	}
	return keys, lists, err
}

// chain returns the keys of the lists that lead to the ends of the segments of a pass, and all its lists.
func (h *hand) chain(ctx context.Context) (chained []string, lists map[string]run.SegmentList, err error) {
	plan, err := h.plan(ctx)
	if err != nil {
		return nil, nil, err
	}
	if _, lists, err = h.run.lists(ctx, plan.Layout()); err != nil {
		return nil, nil, err
	}
	for _, segment := range plan.Scan.Segments() {
		var own []run.SegmentList
		for _, list := range lists {
			if list.Segment == segment {
				own = append(own, list)
			}
		}
		chain, _ := run.Chain(plan.Digest(), segment, own)
		for _, list := range chain {
			chained = append(chained, plan.Layout().KeyOf(list))
		}
	}
	return chained, lists, nil
}
