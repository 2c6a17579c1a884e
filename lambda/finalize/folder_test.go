package finalize

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/run"
)

func isListing(r *http.Request) bool {
	return r.Method == http.MethodGet && (r.URL.Query().Has("list-type") || r.URL.Query().Has("uploads"))
}

// inLargeFolder is a client like wire's for a bucket whose listing of the run's folder begins with a whole answer of names of others.
func (s *scanned) inLargeFolder(do func(n int, r *http.Request, send func() (*http.Response, error)) (*http.Response, error)) *wire {
	var body strings.Builder
	body.WriteString("<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>more</NextContinuationToken>")
	for i := range bucket.ListPage {
		fmt.Fprintf(&body, "<Contents><Key>%s/A%06d</Key></Contents>", s.plan.Root, i)
	}
	body.WriteString("</ListBucketResult>")
	return s.wire(func(n int, r *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
		sent := send
		if r.URL.Query().Has("list-type") && r.URL.Query().Get("prefix") == s.plan.Root+"/" {
			sent = func() (*http.Response, error) {
				return &http.Response{StatusCode: http.StatusOK, Request: r, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body.String()))}, nil
			}
		}
		if do == nil {
			return sent()
		}
		return do(n, r, sent)
	})
}

// An execution that has lost its run returns the result if the run is committed, and otherwise fails. It changes nothing.
func TestRunOfAnotherExecution(t *testing.T) {
	t.Parallel()
	for _, large := range []bool{false, true} {
		for _, complete := range []bool{false, true} {
			t.Run(fmt.Sprintf("a large folder: %t, committed: %t", large, complete), func(t *testing.T) {
				t.Parallel()
				s := newScanned(t, 2, 1)
				_, err := s.upload(s.plan.Layout().Data(1, 0, "ffffffff", ".json.gz"), "left over")
				s.must(err)
				if complete {
					s.committed(s.finalize())
				}
				held, err := ledger.LoadClaim(t.Context(), s.bucket, s.plan.Layout())
				s.must(err)
				s.must(held.Replace(t.Context(), ledger.Claim{ExecutionID: "another", Output: run.PlanOutput{Plan: s.plan}}))
				client := s.wire(nil)
				if large {
					client = s.inLargeFolder(nil)
				}
				out, err := s.step(client, 0).Run(t.Context(), run.FinalizeInput{Plan: s.plan})
				if complete {
					s.committed(out, err)
				} else if failure.NameOf(err) != failure.RunNameTaken || len(s.visible()) > 0 || len(s.open()) != 3 {
					t.Errorf("got %v, and %v", err, s.visible())
				}
				if n := client.count(func(r *http.Request) bool { return r.Method != http.MethodGet }); n > 0 {
					t.Errorf("%d requests can have changed something", n)
				}
			})
		}
	}
}
