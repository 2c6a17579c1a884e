package function_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/testservers"
)

// with returns the next run of the chain, with more fields in its export.
func (c *chain) with(fields string) execution {
	e := c.next()
	e.request = strings.Replace(e.request, `"from": "last"`, `"from": "last"`+fields, 1)
	return e
}

// Chains of one table and prefix that do other work do not know each other: each begins with a full export and then continues its own
// windows, without gap or overlap.
func TestChainsOfOtherWorkHaveTheirOwnWindows(t *testing.T) {
	t.Parallel()
	c := newChain(t)
	chains := []string{``, `, "viewType": "NEW_IMAGE"`, `, "s3SseAlgorithm": "KMS"`, `, "s3BucketOwner": "000000000000"`}
	ends := make([]time.Time, len(chains))
	for i, fields := range chains {
		result, err := c.with(fields).runExport()
		if err != nil {
			t.Fatal(err)
		}
		ends[i] = wantFull(t, result, "the chain begins here")
	}
	for round := range 2 {
		for i, fields := range chains {
			c.write()
			c.tables.Advance(20 * time.Minute)
			result, err := c.with(fields).runExport()
			if err != nil {
				t.Fatal(err)
			}
			length := 20 * time.Minute * time.Duration(len(chains))
			if round == 0 { // the chains began at one moment
				length = 20 * time.Minute * time.Duration(i+1)
			}
			ends[i] = wantWindows(t, result, ends[i], length)
			requests := c.tables.Requests()
			var sent struct {
				S3BucketOwner, S3SseAlgorithm  string
				IncrementalExportSpecification struct{ ExportViewType string }
			}
			if err := json.Unmarshal(requests[len(requests)-1], &sent); err != nil {
				t.Fatal(err)
			}
			got := []string{sent.IncrementalExportSpecification.ExportViewType, sent.S3SseAlgorithm, sent.S3BucketOwner}
			want := [][]string{{"NEW_AND_OLD_IMAGES", "", ""}, {"NEW_IMAGE", "", ""}, {"NEW_AND_OLD_IMAGES", "KMS", ""}, {"NEW_AND_OLD_IMAGES", "", "000000000000"}}[i]
			if strings.Join(got, " ") != strings.Join(want, " ") {
				t.Errorf("chain %d: the export was requested with %q, want %q", i, got, want)
			}
		}
	}
	if journals := testservers.Keys(t, c.bucket, "lake/"+c.table+"/AWSDynamoDB/_chains/"); len(journals) != len(chains) {
		t.Errorf("%d chains have the journals %v", len(chains), journals)
	}
}

// Somebody has copied the journal of a chain to the key of another.
func TestJournalOfAnotherChainIsRefused(t *testing.T) {
	t.Parallel()
	c := newChain(t)
	planned, err := c.next().plan()
	if err != nil {
		t.Fatal(err)
	}
	c.run()
	other := c.with(`, "viewType": "NEW_IMAGE"`)
	forged, err := other.plan()
	if err != nil {
		t.Fatal(err)
	}
	body := get(t, c.bucket, planned.Plan.Journal())
	put(t, c.bucket, forged.Plan.Journal(), body)
	_, err = other.runExport()
	wantName(t, err, failure.RunNameTaken, "it belongs to another chain, with another viewType")
	var journal struct{ Chain run.ExportChain }
	if err := json.Unmarshal([]byte(body), &journal); err != nil || journal.Chain.TableARN != planned.Plan.TableARN || journal.Chain.Prefix != "lake/{table}/{date}" || journal.Chain.Bucket != c.bucket {
		t.Errorf("the journal says that it belongs to %+v, %v", journal.Chain, err)
	}
}
