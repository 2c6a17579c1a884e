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

// Checkpoint is how far a segment has come. Every object before it is completely in S3. So an invocation that starts from it can be
// repeated: each try writes under its own keys.
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
	// ExclusiveStartKey is where the next page starts, in DynamoDB JSON; absent at the start and at the end of a segment.
	ExclusiveStartKey json.RawMessage `json:"exclusiveStartKey,omitempty"`
	Totals            Totals          `json:"totals"`
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

// SegmentList lists the objects that one invocation closed, and says which list it follows.
type SegmentList struct {
	Version int `json:"version"`
	// Plan is the Digest of the run's plan.
	Plan       string `json:"plan"`
	Segment    int    `json:"segment"`
	Invocation int    `json:"invocation"`
	// Try is the name of this try. After is the try of the list before, "" for the first list.
	Try   string `json:"try"`
	After string `json:"after,omitempty"`
	// FirstPart and NextPart bound the numbers of the objects: [FirstPart, NextPart).
	FirstPart int `json:"firstPart"`
	NextPart  int `json:"nextPart"`
	// Start and End are the positions between which this invocation scanned, as a checkpoint's Position returns them.
	Start   string   `json:"start"`
	End     string   `json:"end"`
	Done    bool     `json:"done"`
	Totals  Totals   `json:"totals"`
	Objects []Object `json:"objects"`
}

// ParseSegmentList reads a segment list of this Version.
func ParseSegmentList(body []byte) (SegmentList, error) {
	var list SegmentList
	if err := json.Unmarshal(body, &list); err != nil {
		return SegmentList{}, err
	}
	return list, CheckVersion(list.Version)
}

// Object is one data object that is completely in S3.
type Object struct {
	Key string `json:"key"`
	// Items counts the object's records, like the manifest's itemCount: one for each item, unless a transform or an encoder makes
	// more or fewer.
	Items int64 `json:"items"`
	Bytes int64 `json:"bytes"`
	// ETag is without quotes. MD5 is the base64 of the MD5 of the stored bytes.
	ETag string `json:"etag"`
	MD5  string `json:"md5"`
}

// Position returns a digest of ExclusiveStartKey, "" for none. With it, a list can say where an invocation began without showing
// the values of a key. The digest does not depend on the order or spelling of the JSON, which a state machine may change.
func (c Checkpoint) Position() string {
	if len(c.ExclusiveStartKey) == 0 {
		return ""
	}
	return digest(c.ExclusiveStartKey)
}
