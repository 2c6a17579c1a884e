package main

// A mutation removes one rule from the product.
type mutation struct {
	name, file string
	replace    []string // pairs of a text of the file and its replacement
	// kind is a text in the kinds of the seeds that are run, "" for all seeds.
	kind string
	// test is the unit test that must fail, "" for seeds. It is in the package in, or in that of the file.
	test, in string
}

var mutations = []mutation{
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
	{name: "the sweep of objects", file: "lambda/finalize/scan.go", replace: []string{`c.bucket.Delete(ctx, strays)`, `error(nil)`}},
	{name: "the sweep of uploads", file: "lambda/finalize/scan.go", replace: []string{`c.bucket.AbortUploads(ctx, c.layout.Root+"/", c.ownUpload, c.files.upload)`, `0, error(nil)`}},
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
		`c.bucket.Create(ctx, c.layout.ManifestSummary(), commit)`, `c.bucket.Put(ctx, c.layout.ManifestSummary(), commit)`,
	}},
}
