package run

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"
)

// ScanInput is what the state machine hands to the scan function: the plan, one segment, and how far it has come.
type ScanInput struct {
	Plan    Plan `json:"plan"`
	Segment int  `json:"segment"`
	// Checkpoint is nil at the segment's first invocation.
	Checkpoint *Checkpoint `json:"checkpoint,omitempty"`
}

// Checkpoint is how far a segment has come. It is returned only when every object before it is completely in S3, so an
// invocation that starts from it can be repeated: each try writes under keys of its own.
type Checkpoint struct {
	// Done says that the segment is scanned to its end.
	Done bool `json:"done"`
	// Invocation and Part are the numbers that the next invocation, and its first object, take.
	Invocation int `json:"invocation"`
	Part       int `json:"part"`
	// Try is the try whose list the next invocation's follows; "" at the start and at the end of a segment.
	Try string `json:"try,omitempty"`
	// ExclusiveStartKey is where the next page starts, in DynamoDB JSON; absent at the start and at the end of a segment.
	ExclusiveStartKey json.RawMessage `json:"exclusiveStartKey,omitempty"`
	Totals            Totals          `json:"totals"`
	// PaidAt is when what was read so far is within the run's pace, so that more may be; absent where that is so already.
	PaidAt *time.Time `json:"paidAt,omitempty"`
	// Stall says since when, and why, the segment stands where it is; absent of one that moves.
	Stall *Stall `json:"stall,omitempty"`
}

// Stall is what keeps a segment from moving: nothing but throttling.
type Stall struct {
	Since time.Time `json:"since"`
	// Reason is DynamoDB's most frequent word for it.
	Reason string `json:"reason"`
}

// Totals counts what a segment, or a run, has done so far.
type Totals struct {
	Pages int64 `json:"pages"`
	// Scanned counts the items that were read, Items those that the filters let through.
	Scanned int64 `json:"scanned"`
	Items   int64 `json:"items"`
	// PageBytes counts the bytes of the Scan answers, Bytes those of the objects as stored.
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

// SegmentList is what one invocation closed, and how it follows on the invocation before.
type SegmentList struct {
	Version    int `json:"version"`
	Segment    int `json:"segment"`
	Invocation int `json:"invocation"`
	// Try is the name of the try at the invocation, and After that of the list before; "" for the first.
	Try   string `json:"try"`
	After string `json:"after,omitempty"`
	// FirstPart and NextPart bound the numbers of the objects: [FirstPart, NextPart).
	FirstPart int `json:"firstPart"`
	NextPart  int `json:"nextPart"`
	// Start and End are the positions between which this invocation scanned, as Position gives them.
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
	// Items counts the object's records, as the manifest's itemCount does: one an item, unless a transform or an encoder makes
	// more or fewer.
	Items int64 `json:"items"`
	Bytes int64 `json:"bytes"`
	// ETag is as S3 gives it, without quotes. MD5 is of the stored bytes, base64.
	ETag string `json:"etag"`
	MD5  string `json:"md5"`
}

// Position is a digest of an ExclusiveStartKey, "" for none: it tells whether one invocation went on where the other ended
// without putting a key's values where they need not be. It does not depend on the order or the spelling of the JSON, which
// a state machine is free to change on the way.
func Position(exclusiveStartKey json.RawMessage) string {
	if len(exclusiveStartKey) == 0 {
		return ""
	}
	canonical := []byte(exclusiveStartKey)
	var key any
	if json.Unmarshal(exclusiveStartKey, &key) == nil {
		canonical, _ = json.Marshal(key) // what came from JSON goes back; objects are written with sorted members
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:])
}
