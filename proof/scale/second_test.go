package scale

import (
	"math"
	"testing"
)

// slow is a conversion whose figures can be worked out in one's head, of the table of round.
func slow(export bool) Conversion {
	return Conversion{
		Concurrency: 10, Export: export, Rate: 40e6, MemoryGB: 1, LearnShare: 0.5, SegmentBytes: 4e10, Ratio: 0.5,
		CPUPerTree: 0.1, LineBytes: 100, RemoveSeconds: 1, SkipRate: 2e6,
	}
}

func TestConvert(t *testing.T) {
	t.Parallel()
	in := round()
	first := Compute(in)
	s, e := Convert(in, first, slow(false)), Convert(in, first, slow(true))
	const (
		staged  = 40_800 // files
		scans   = 100 * 10
		seconds = 4_000 + 9*100 // 1.6e11 bytes at 40 MB/s; 100 s to read half a file of 4e8 bytes again; so 400 s of an invocation are left
		objects = 20_000 + scans
	)
	for _, test := range []struct {
		name      string
		got, want float64
	}{
		{"segments", s.Segments, 100},
		{"bytes of a segment", s.StagedOfSegment, 4e10},
		{"invocations of a segment", s.InvocationsOfSegment, 10},
		{"invocations", s.Invocations, scans + 2 + 1 + 3},
		{"invocations for an export", e.Invocations, 2*scans + 3 + 1 + 3},
		{"hours", s.Hours, 10 * seconds / 3600.0},
		{"hours for an export", e.Hours, 1.5 * 10 * seconds / 3600.0},
		{"events", float64(s.ParentEvents), 20 + 13},
		{"events for an export", float64(e.ParentEvents), 33 + 13},
		{"events of a child", float64(s.ChildEvents), 4 + 10*7},
		{"objects", s.Objects, objects},
		{"batches", s.Batches, 3},
		{"transitions", s.Transitions, 5 + 100*(2*10+1) + 3 + 3*3},
		{"transitions for an export", e.Transitions, 5 + 3 + 2*100*(2*10+1) + 3 + 3*3},
		{"seconds of columns", s.ColumnsSeconds, 20},
		{"MB of columns", s.ColumnsMB, 2 * staged * 100 / 1e6},
		{"minutes to remove", s.RemoveMinutes, (staged + 100) / 1000.0 / 60},
		{"writes", s.Puts, 200_000 + 3*objects + scans + 100},
		{"reads", s.Gets, staged + 3*scans + 100 + 2*9*100 + 2*scans},
		{"reads for an export", e.Gets, 2*(40_000+3*scans) + 100 + 2*9*100 + 2*scans},
		{"dollars for Lambda", s.LambdaDollars, (100*seconds+(20+2*s.CheckSeconds+4*60*s.CompleteMinutes+60*s.RemoveMinutes)*4)*1e-5 + s.Invocations*1e-6},
	} {
		if math.Abs(test.got-test.want) > 1e-6*test.want {
			t.Errorf("%s: got %v, want %v", test.name, test.got, test.want)
		}
	}
}

// There are no more segments than a Map has numbers for, and no more functions than segments.
func TestBoundsOfAConversion(t *testing.T) {
	t.Parallel()
	in := round()
	c := slow(false)
	c.SegmentBytes, c.Concurrency = 1e6, 20_000
	if s := Convert(in, Compute(in), c); s.Segments != 10_000 || s.Concurrency != 10_000 || s.InvocationsOfSegment != 1 {
		t.Errorf("got %+v", s)
	}
	c.SegmentBytes = 1e15
	if s := Convert(in, Compute(in), c); s.Segments != 1 || s.Concurrency != 1 {
		t.Errorf("got %+v", s)
	}
}
