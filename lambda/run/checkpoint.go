package run

import (
	"encoding/json"
	"time"
)

// ScanInput is the payload of the scan function: the plan, one segment, and its checkpoint.
type ScanInput struct {
	Plan    Plan `json:"plan"`
	Segment int  `json:"segment"`
	// Checkpoint is nil at the segment's first invocation.
	Checkpoint *Checkpoint `json:"checkpoint,omitempty"`
}

// Checkpoint is how far a segment has come. All bytes before it are in S3, as parts of uploads that a segment list names. So an invocation
// that starts from it can be repeated: each try writes under its own keys. It holds no key values, because Step Functions keeps it in the
// execution's history.
type Checkpoint struct {
	// Done says that the segment is scanned to its end. Together with WaitUntil, the pace still has to pay for its last pages.
	Done bool `json:"done"`
	// WaitUntil is when the state machine calls the function again, in whole seconds of UTC. If it is absent, the state machine does not
	// wait.
	WaitUntil *time.Time `json:"waitUntil,omitempty"`
	// Invocation and Part are the numbers of the next invocation and of its first object.
	Invocation int `json:"invocation"`
	Part       int `json:"part"`
	// Try is the try whose list comes before the next one; "" at the start and at the end of a segment.
	Try string `json:"try,omitempty"`
	// Position is where the next page starts, as Position returns it. The key itself is in the segment list of Try. "" at the start and at
	// the end of a segment.
	Position string `json:"position,omitempty"`
	Totals   Totals `json:"totals"`
	// PaidAt is when the run's pace has paid for what was read, so that the segment may read again; absent without a pace.
	PaidAt *time.Time `json:"paidAt,omitempty"`
	// Stall says since when and why the segment has not moved; absent if it moves.
	Stall *Stall `json:"stall,omitempty"`
}

// Stall is a time in which throttling alone kept a segment from moving.
type Stall struct {
	Since time.Time `json:"since"`
	// Reason is DynamoDB's most frequent reason for the throttling.
	Reason string `json:"reason"`
}

// Totals counts what a segment or a run has done so far.
type Totals struct {
	Pages int64 `json:"pages"`
	// Scanned counts the items that were read. Items counts those that passed the filters.
	Scanned int64 `json:"scanned"`
	Items   int64 `json:"items"`
	// PageBytes counts the bytes of the answers to Scan, Bytes the bytes of the stored objects.
	PageBytes int64   `json:"pageBytes"`
	Bytes     int64   `json:"bytes"`
	ReadUnits float64 `json:"readUnits"`
}

// Add adds o to t.
func (t *Totals) Add(o Totals) {
	t.Pages += o.Pages
	t.Scanned += o.Scanned
	t.Items += o.Items
	t.PageBytes += o.PageBytes
	t.Bytes += o.Bytes
	t.ReadUnits += o.ReadUnits
}

// SegmentList lists the objects that one invocation uploaded, and says which list it follows.
type SegmentList struct {
	Version int `json:"version"`
	// Plan is the Digest of the run's plan.
	Plan string `json:"plan"`
	// Takeovers is how often the run had been taken over. It tells the lists of an execution from those of earlier ones.
	Takeovers  int `json:"takeovers,omitempty"`
	Segment    int `json:"segment"`
	Invocation int `json:"invocation"`
	// Try is the name of this try. After is the try of the list before, "" for the first list.
	Try   string `json:"try"`
	After string `json:"after,omitempty"`
	// FirstPart and NextPart bound the numbers of the objects: [FirstPart, NextPart).
	FirstPart int `json:"firstPart"`
	NextPart  int `json:"nextPart"`
	// Start and End are the positions between which this invocation scanned, as Position returns them.
	Start string `json:"start"`
	End   string `json:"end"`
	// LastEvaluatedKey is the key at End, in DynamoDB JSON; absent at the end of the segment.
	LastEvaluatedKey json.RawMessage `json:"lastEvaluatedKey,omitempty"`
	Done             bool            `json:"done"`
	// StartTime and EndTime are when the invocation began to read, and when all of its parts were in S3.
	StartTime time.Time `json:"startTime"`
	EndTime   time.Time `json:"endTime"`
	Totals    Totals    `json:"totals"`
	// Work says how the invocation spent its time. It comes before Objects and Schema, which can be large, so that `watch` need not
	// read the whole list.
	Work    Work     `json:"work,omitzero"`
	Objects []Object `json:"objects"`
	// Schema is what is known of all records of the segment so far, as a schema.Tree. It is there if the plan learns.
	Schema json.RawMessage `json:"schema,omitempty"`
	// Rest counts the items of this list that have an attribute in the column _rest, by attribute. "" stands for attributes beyond the first ones.
	Rest map[string]int64 `json:"rest,omitempty"`
}

// ParseSegmentList reads a segment list of this Version.
func ParseSegmentList(body []byte) (SegmentList, error) {
	var list SegmentList
	if err := json.Unmarshal(body, &list); err != nil {
		return SegmentList{}, err
	}
	return list, CheckVersion(list.Version)
}

// Position returns a digest of a key in DynamoDB JSON, "" for no key. A checkpoint can say with it where an invocation begins without
// showing the values of a key. The digest does not depend on the order or the spelling of the JSON.
func Position(key json.RawMessage) string {
	if len(key) == 0 {
		return ""
	}
	return digest(key)
}
