package scale

import (
	"math"
	"testing"

	"dynamodb-to-s3/lambda/price"
)

// round is a table whose figures can be worked out in one's head.
func round() Inputs {
	return Inputs{
		TableBytes: 8e12, Segments: 100, ReadUnitsPerSecond: 100_000, BytesPerReadUnit: 8_000, PagePerTableByte: 2, StorePerTableByte: 0.5,
		FileSizeBytes: 1e8, PartBytes: 1e7, Rate: 40e6, MemoryGB: 2, UsefulSeconds: 500, FinalizeMemoryGB: 4,
		ListSeconds: 0.1, ListsAtOnce: 10, CompleteSeconds: 0.16, CPUPerObject: 1e-3, CPUPerList: 1e-2, CPUPerComplete: 1e-3, VCPU: 0.5,
		Prices: price.Prices{price.ReadUnits: 1, price.LambdaARM: 1e-5, price.LambdaRequests: 1, price.Transitions: 0.01, price.S3Put: 0.01, price.S3Get: 0.001},
	}
}

func TestCompute(t *testing.T) {
	t.Parallel()
	o := Compute(round())
	const (
		seconds = 10_000  // 8e12 bytes at 100,000 units of 8,000 bytes a second
		pages   = 16e12   // twice the table
		scans   = 100 * 8 // each segment's 1.6e11 bytes at 40 MB/s are 4,000 s: 8 invocations of 500 s
		objects = 40_000 + scans
	)
	for _, test := range []struct {
		name      string
		got, want float64
	}{
		{"read units", o.ReadUnits, 1e9},
		{"hours of the scan", o.ScanHours, seconds / 3600.0},
		{"functions at once", o.Concurrency, pages / seconds / 40e6},
		{"invocations of a segment", o.InvocationsOfSegment, 8},
		{"batches", o.Batches, 5}, // 40,800 objects, 400,000 parts
		{"invocations", o.Invocations, scans + 3 + 5},
		{"transitions", o.Transitions, 8 + 100*(2*8+1) + 3 + 3*5},
		{"events", float64(o.ParentEvents), 28 + 13},
		{"events of a child", float64(o.ChildEvents), 4 + 8*7},
		{"objects", o.Objects, objects},
		{"objects of a segment", o.ObjectsOfSegment, objects / 100},
		{"writes", o.Puts, 400_000 + 3*objects + scans},
		{"seconds of a check", o.CheckSeconds, (objects+scans)/1000.0*0.01 + (objects*1e-3+scans*1e-2)/0.5},
		{"objects that finalize has time to check", o.CheckMost, 900 / (0.00001 + 0.002)},
		{"minutes to complete", o.CompleteMinutes, objects * 0.16 / 32 / 4 / 60},
		{"dollars for reading", o.ReadDollars, 1000},
		{"dollars for Lambda", o.LambdaDollars, (pages/40e6*2+(2*o.CheckSeconds+4*60*o.CompleteMinutes)*4)*1e-5 + (scans+8)*1e-6},
	} {
		if math.Abs(test.got-test.want) > 1e-6*test.want {
			t.Errorf("%s: got %v, want %v", test.name, test.got, test.want)
		}
	}
}

func TestPricesHaveTheirDecimals(t *testing.T) {
	t.Parallel()
	for price, want := range map[float64]string{1: "1", 10: "10", 0.1: "0.10", 0.125: "0.125", 2.5: "2.50", 0.0000133334: "0.0000133334", 0.0004: "0.0004"} {
		if got := dollars(price); got != want {
			t.Errorf("%v: got %s, want %s", price, got, want)
		}
	}
}

// No more functions run than there are segments, and none reads faster than it can: the capacity is then not used up.
func TestFewSegmentsTakeLonger(t *testing.T) {
	t.Parallel()
	in := round()
	in.Segments = 5
	if o := Compute(in); o.Concurrency != 5 || o.ScanHours*3600 != 80_000 || o.InvocationsOfSegment != 160 {
		t.Errorf("got %+v", o)
	}
}

// A run that is small enough is completed by finalize itself. The slowest of S3's answers, the CPU and the requests that S3 takes decides.
func TestTimeOfCompletion(t *testing.T) {
	t.Parallel()
	in := round()
	in.TableBytes = 1e12
	if o := Compute(in); o.Batches != 0 || o.Invocations != 102 || math.Abs(o.CompleteMinutes*60-o.Objects*0.16/32) > 1e-6 {
		t.Errorf("got %+v", o)
	}
	in = round()
	in.CPUPerComplete = 0.01
	if o := Compute(in); math.Abs(o.CompleteMinutes*60-o.Objects*0.01/0.5/4) > 1e-6 {
		t.Errorf("got %+v", o)
	}
	in.CPUPerComplete, in.CompleteSeconds = 0, 0.01
	if o := Compute(in); math.Abs(o.CompleteMinutes*60-o.Objects/3500) > 1e-6 {
		t.Errorf("got %+v", o)
	}
}
