package chaos

import (
	"maps"
	"slices"

	"dynamodb-to-s3/lambda/request"
)

// A Kind is what some seeds draw besides their faults. Most seeds have none, so that no kind hides another one.
type Kind string

// What a request can ask for.
const (
	kindPace      Kind = "a pace"
	kindPercent   Kind = "a pace in percent of a capacity that changes"
	kindTransform Kind = "a transform"
	kindFilter    Kind = "a filter or a projection"
	kindIndex     Kind = "an index"
	kindSegment   Kind = "one of several segments"
	kindLimit     Kind = "a limit of read units"
)

// What can happen beside a run.
const (
	kindTakeover  Kind = "an execution dies, and the next one takes its run over"
	kindComesBack Kind = "an execution dies, and comes back during the takeover"
	kindTwoRuns   Kind = "two runs on one prefix"
	kindTwoChains Kind = "two chains of exports on one prefix"

	kindClaim        Kind = "a foreign hand changes the claim"
	kindListAdded    Kind = "a foreign hand adds a list that nothing follows"
	kindListSpoiled  Kind = "a foreign hand removes or damages a list"
	kindObjectAdded  Kind = "a foreign hand adds an object"
	kindObjectChange Kind = "a foreign hand removes or overwrites a completed object"
	kindUploadAdded  Kind = "a foreign hand begins an upload"
	kindUploadGone   Kind = "a foreign hand aborts an upload"
	kindStaged       Kind = "a foreign hand changes what lies between the passes"
)

// kindParquet is what a quarter of the seeds make, besides the other kinds.
const kindParquet Kind = "PARQUET"

var (
	requestKinds = []Kind{kindPace, kindPercent, kindTransform, kindFilter, kindIndex, kindSegment, kindLimit}
	handKinds    = []Kind{kindClaim, kindListAdded, kindListSpoiled, kindObjectAdded, kindObjectChange, kindUploadAdded, kindUploadGone, kindStaged}
	besideKinds  = append([]Kind{kindTakeover, kindComesBack, kindTwoRuns, kindTwoChains}, handKinds...)
)

// Kinds returns every kind.
func Kinds() []Kind { return slices.Concat(requestKinds, besideKinds, []Kind{kindParquet}) }

const (
	// block is how many seeds draw their kinds together. In each block, each kind occurs perBlock times, so that few seeds have them all.
	block    = 50
	perBlock = 2
)

// drawKind returns one of the kinds, or "" for most seeds.
func drawKind(seed uint64, kinds []Kind) Kind {
	places := draw(seed/block, "kinds", kinds[0]).Perm(block)
	if n := places[seed%block] / perBlock; n < len(kinds) {
		return kinds[n]
	}
	return ""
}

// drawKinds adds kinds to a scenario, and changes what does not go together with them.
func (s *Scenario) drawKinds() {
	s.Request, s.Beside = drawKind(s.Seed, requestKinds), drawKind(s.Seed, besideKinds)
	if s.Request == "" && s.Beside == "" {
		return
	}
	if s.Mode = request.ModeScan; s.Beside == kindTwoChains {
		*s = Scenario{Seed: s.Seed, Mode: request.ModeExport, Beside: kindTwoChains, Items: 30, Rates: s.Rates}
		return
	}
	switch s.Request {
	case kindPace, kindPercent, kindIndex, kindSegment, kindLimit:
		s.Large, s.FileSize = false, min(s.FileSize, 8<<10)
		s.still()
	}
	switch s.Request {
	case kindPace, kindPercent:
		s.Items, s.Segments, s.Pages = 30, min(s.Segments, 3), pick(draw(s.Seed, "paced pages"), 0, 2, 4)
		s.Concurrency = min(s.Concurrency, s.Segments)
	case kindSegment:
		s.Segments, s.Concurrency = 1, 1
	case kindLimit:
		s.drawLimit()
	}
	s.drawRecipe()
	switch s.Beside {
	case kindTakeover, kindComesBack:
		s.drawDeath()
	case kindTwoRuns:
		s.still()
	case kindClaim: // if the claim is removed, a later delivery plans the new table, and commits it
		s.Replaces = false
		delete(s.Rates, faultReplaced)
	}
}

// still ends the writes to the table.
func (s *Scenario) still() {
	s.Writes, s.Replaces = false, false
	delete(s.Rates, faultWritten)
	delete(s.Rates, faultReplaced)
}

// Kinds returns the kinds that the scenario has.
func (s Scenario) Kinds() []Kind {
	kinds := []Kind{s.Request, s.Beside}
	if s.Parquet {
		kinds = append(kinds, kindParquet)
	}
	return slices.DeleteFunc(kinds, func(k Kind) bool { return k == "" })
}

// Modelled reports whether proof/model has what the scenario does. It knows neither a foreign hand nor single segments nor paces nor limits nor batches of uploads.
func (s Scenario) Modelled() bool {
	return s.Mode == request.ModeScan && s.Request != kindSegment && s.Request != kindLimit && !s.paced() && s.Uploads == 0 && !slices.Contains(handKinds, s.Beside)
}

// sortedKeys returns the keys of a map in order, so that a draw among them depends on the seed alone.
func sortedKeys[V any](of map[string]V) []string { return slices.Sorted(maps.Keys(of)) }
