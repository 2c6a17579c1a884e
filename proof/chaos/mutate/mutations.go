package main

import "slices"

// A mutation removes one rule from the product.
type mutation struct {
	name, file string
	replace    []string // pairs of a text of the file and its replacement
	// kind is a text in the kinds of the seeds that are run, "" for all seeds.
	kind string
	// test is the unit test that must fail, "" for seeds. It is in the package in, or in that of the file.
	test, in string
}

var mutations = append([]mutation{
	{name: "the claim", file: "lambda/ledger/ledger.go", replace: []string{
		`etag, err := o.bucket.Replace(ctx, o.key, run.Marshal(content), o.etag)`, `etag, err := o.bucket.Put(ctx, o.key, run.Marshal(content))`,
	}},
	{name: "the check of the claim", file: "lambda/ledger/claim.go", replace: []string{
		`held, err := LoadClaim(ctx, in, plan.Layout())`, `held, err := Claim{ExecutionID: plan.ExecutionID}, error(nil)`,
	}},
	{name: "the second look of a takeover", file: "lambda/plan/takeover.go", replace: []string{`return own.Output, c.checkAlone(ctx, own.Output.Plan)`, `return own.Output, nil`}},
	{name: "the look at the table", file: "lambda/scan/look.go", replace: []string{`ending.Go(func() error { return s.look(ctx) })`, ``}},
	{name: "the condition of an end", file: "lambda/scan/list.go", replace: []string{
		`created, err := s.bucket.Create(ctx, key, body)`, `_, err := s.bucket.Put(ctx, key, body)
	created := err == nil`,
	}},
	{name: "scan completes no upload", file: "lambda/sink/sink.go", replace: []string{
		`UploadID: o.upload.upload.ID, Parts: o.upload.list(),
		}`, `UploadID: o.upload.upload.ID, Parts: o.upload.list(),
		}
		if _, err := w.config.Bucket.Complete(context.Background(), o.upload.upload, o.upload.list(), o.stored); err != nil {
			return nil, err
		}`,
	}},
	{name: "no abort after the list is written", file: "lambda/scan/segment.go", replace: []string{`if s.named {`, `if false {`}},
	{name: "a list is compared with its checkpoint", file: "lambda/scan/list.go", replace: []string{
		` || run.Position(list.LastEvaluatedKey) != s.from.Position`, ``,
	}, test: "TestKeyValuesStayInTheBucket", in: "./lambda/function"},
	{
		name: "a takeover looks for the uploads", file: "lambda/scan/resume.go", replace: []string{`if there, err := s.isThere(ctx, stored, o); !there {`, `if there, err := s.isThere(ctx, stored, o); !there && err != nil {`},
		test: "TestTakeoverContinuesFromTheLastWholeList", in: "./lambda/function",
	},
	{name: "nothing is completed before the check", file: "lambda/finalize/check.go", replace: []string{
		`		s.wait(segment, &o.Object)
	}`, `		if _, err := complete(context.Background(), s.bucket, o.Object); err != nil {
			return err
		}
		s.wait(segment, &o.Object)
	}`,
	}, kind: "aborts an upload"},
	{name: "an object is compared with its list", file: "lambda/finalize/compare.go", replace: []string{
		`case entry.Bytes != o.Bytes:`, `case false:`, `case entry.ETag == etag, etag`, `case true, etag`,
	}, kind: "removes or overwrites"},
	{name: "only what the chain names is completed", file: "lambda/finalize/merge.go", replace: []string{
		`	for _, list := range chain {
		if fault := s.misnamed`, `	for _, list := range lists {
		if fault := s.misnamed`,
	}},
	{name: "an upload that has ended may be completed", file: "lambda/finalize/complete.go", replace: []string{
		`return completed(ctx, in, o)`, `return "", errGone`,
	}},
	{name: "an upload that has ended may be gone", file: "lambda/finalize/complete.go", replace: []string{
		`return completed(ctx, in, o)`, `return o.ETag(), nil`,
	}, kind: "aborts an upload"},
	{name: "what is not open is looked for again", file: "lambda/finalize/compare.go", replace: []string{
		`if s.etag, err = completed(ctx, c.bucket, s.Object); errors`, `if err = errGone; errors`,
	}, test: "TestUploadThatIsCompletedMeanwhileIsFound"},
	{
		name: "a listed upload is looked up if another object has its key", file: "lambda/finalize/compare.go", replace: []string{`if !s.open || s.there {`, `if !s.open {`},
		test: "TestReplacedObjectOfAnUploadThatIsStillListed",
	},
	{
		name: "lists of another plan are left out", file: "lambda/run/chain.go", replace: []string{`return l.Plan != plan })`, `return false })`},
		test: "TestChain",
	},
	{name: "a run that cannot commit is withdrawn", file: "lambda/finalize/withdraw.go", replace: []string{
		`if c.there+len(c.strayObjects) == 0 {`, `if true {`,
	}, kind: "aborts an upload"},
	{name: "the sweep of objects", file: "lambda/finalize/scan.go", replace: []string{`c.bucket.Delete(ctx, c.strayObjects)`, `error(nil)`}, kind: "adds an object"},
	{name: "the sweep of uploads", file: "lambda/finalize/scan.go", replace: []string{`aborting.Go(func() error { return c.bucket.Abort(one, upload) })`, `_, _ = one, upload`}},
	{name: "the claim is compared", file: "lambda/plan/claim.go", replace: []string{`theirs, fault = c.checked(theirs); fault != ""`, `_, fault = c.checked(theirs); false`}, kind: "changes the claim"},
	{name: "the try's own data", file: "lambda/run/layout.go", replace: []string{
		`"%s%06d-%s%s", l.DataOf(segment), part, try, extension`, `"%s%06d-%.0s%s", l.DataOf(segment), part, try, extension`,
	}},
	{name: "the try's own list", file: "lambda/run/layout.go", replace: []string{
		`"%s%06d-%s.json", l.SegmentListsOf(segment), invocation, try`, `"%s%06d-%.0s.json", l.SegmentListsOf(segment), invocation, try`,
	}},
	{name: "the checksum of pages", file: "lambda/awsclient/checksum.go", replace: []string{`case b.want != "" && b.want`, `case b.want == "0" && b.want`}},
	{name: "the checksum of lists", file: "lambda/awsclient/client.go", replace: []string{
		`o.DisableLogOutputChecksumValidationSkipped = true`,
		`o.DisableLogOutputChecksumValidationSkipped, o.ResponseChecksumValidation = true, aws.ResponseChecksumValidationWhenRequired`,
	}},
	{name: "the chain of lists", file: "lambda/run/chain.go", replace: []string{` && l.After == before.Try && l.FirstPart == before.NextPart && l.Start == before.End && !before.Done`, ``}},
	{name: "the condition of the commit", file: "lambda/finalize/scan.go", replace: []string{
		`created, err := c.bucket.Create(ctx, c.layout.ManifestSummary(), commit)`, `_, err = c.bucket.Put(ctx, c.layout.ManifestSummary(), commit)
	created := err == nil`,
	}},
}, slices.Concat(drawn, passes, shown, limited)...)
