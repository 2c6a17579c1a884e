package run

import (
	"encoding/json"
	"fmt"
	"strings"

	"dynamodb-to-s3/lambda/request"
)

// ExportChain is the identity of a chain of exports: everything that makes the work of two chains different. The runs of one chain share
// a journal and continue each other's windows. Two chains that differ in any member have two journals.
//
// The table's TableId is no member. If a table is deleted and created again, its chain begins again with a full export, in the same
// journal, and the result says why.
type ExportChain struct {
	TableARN string `json:"tableArn"`
	Bucket   string `json:"bucket"`
	// Prefix is the request's, with its placeholders.
	Prefix         string           `json:"prefix"`
	Format         request.Format   `json:"format"`
	ViewType       request.ViewType `json:"viewType"`
	Filter         *request.Filter  `json:"filter,omitempty"`
	S3BucketOwner  string           `json:"s3BucketOwner,omitempty"`
	S3SseAlgorithm string           `json:"s3SseAlgorithm,omitempty"`
	S3SseKMSKeyID  string           `json:"s3SseKmsKeyId,omitempty"`
}

// ChainOf returns the chain that a request continues. The request's defaults are filled in.
func ChainOf(req request.Request, tableARN string) ExportChain {
	e := req.Export
	return ExportChain{
		TableARN: tableARN, Bucket: req.Bucket, Prefix: strings.TrimSuffix(req.Prefix, "/"), Format: e.Format, ViewType: e.ViewType,
		Filter: e.Filter, S3BucketOwner: e.S3BucketOwner, S3SseAlgorithm: e.S3SseAlgorithm, S3SseKMSKeyID: e.S3SseKMSKeyID,
	}
}

// chainDigest is how many hex digits of a digest distinguish the journals of chains.
const chainDigest = 12

// Journal returns the key of the chain's journal: the table's name, and a digest of all members.
func (c ExportChain) Journal() string {
	return c.Journals() + c.table() + "-" + Digest(c)[:chainDigest] + ".json"
}

// Journals returns the start of the keys of all journals beside this one. They lie in the last folder of the prefix before the first
// placeholder that changes.
func (c ExportChain) Journals() string { return below(constant(c.Prefix, c.table()), chains+"/") }

// constant returns the folders of a prefix that are the same in every run: those before the first folder with a date or the name of a run.
func constant(prefix, table string) string {
	var same []string
	for folder := range strings.SplitSeq(prefix, "/") {
		folder = strings.ReplaceAll(folder, "{table}", table)
		if strings.Contains(folder, "{") {
			break
		}
		same = append(same, folder)
	}
	return strings.Join(same, "/")
}

func (c ExportChain) table() string { return c.TableARN[strings.LastIndexByte(c.TableARN, '/')+1:] }

// Differences returns the names of the members in which two chains differ.
func (c ExportChain) Differences(other ExportChain) (names []string) {
	own, theirs := members(c), members(other)
	for _, name := range []string{"tableArn", "bucket", "prefix", "format", "viewType", "filter", "s3BucketOwner", "s3SseAlgorithm", "s3SseKmsKeyId"} {
		if own[name] != theirs[name] {
			names = append(names, name)
		}
	}
	return names
}

// members returns a digest of each member.
func members(c ExportChain) map[string]string {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(Marshal(c), &raw); err != nil {
		panic(fmt.Sprintf("internal error: a chain is no object: %v", err))
	}
	digests := map[string]string{}
	for name, text := range raw {
		digests[name] = Digest(text)
	}
	return digests
}
