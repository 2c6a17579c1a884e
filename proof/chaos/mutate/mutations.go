package main

// A mutation removes one rule from the product.
type mutation struct {
	name, file string
	replace    []string // pairs of a text of the file and its replacement
}

var mutations = []mutation{
	{"the claim", "lambda/ledger/ledger.go", []string{
		`etag, err := o.bucket.Replace(ctx, o.key, run.Marshal(content), o.etag)`, `etag, err := o.bucket.Put(ctx, o.key, run.Marshal(content))`,
	}},
	{"the check of the claim", "lambda/ledger/claim.go", []string{
		`held, err := LoadClaim(ctx, in, plan.Layout())`, `held, err := Claim{ExecutionID: plan.ExecutionID}, error(nil)`,
	}},
	{"the second look of a takeover", "lambda/plan/takeover.go", []string{`return own.Output, c.checkAlone(ctx, own.Output.Plan)`, `return own.Output, nil`}},
	{"the look at the table", "lambda/scan/look.go", []string{`ending.Go(func() error { return s.look(ctx) })`, ``}},
	{"the condition of an end", "lambda/scan/list.go", []string{
		`created, err := s.bucket.Create(ctx, key, body)`, `_, err := s.bucket.Put(ctx, key, body)
	created := err == nil`,
	}},
	{"the sweep of objects", "lambda/finalize/scan.go", []string{`c.bucket.Delete(ctx, strays)`, `error(nil)`}},
	{"the sweep of uploads", "lambda/finalize/scan.go", []string{`c.bucket.AbortUploads(ctx, c.layout.Root+"/", c.ownUpload, c.files.upload)`, `0, error(nil)`}},
	{"the try's own data", "lambda/run/layout.go", []string{
		`"%s%06d-%s%s", l.DataOf(segment), part, try, extension`, `"%s%06d-%.0s%s", l.DataOf(segment), part, try, extension`,
	}},
	{"the try's own list", "lambda/run/layout.go", []string{
		`"%s%06d-%s.json", l.SegmentListsOf(segment), invocation, try`, `"%s%06d-%.0s.json", l.SegmentListsOf(segment), invocation, try`,
	}},
	{"the checksum of pages", "lambda/awsclient/checksum.go", []string{`case b.want != "" && b.want`, `case b.want == "0" && b.want`}},
	{"the checksum of lists", "lambda/awsclient/client.go", []string{
		`o.DisableLogOutputChecksumValidationSkipped = true`,
		`o.DisableLogOutputChecksumValidationSkipped, o.ResponseChecksumValidation = true, aws.ResponseChecksumValidationWhenRequired`,
	}},
	{"the chain of lists", "lambda/run/chain.go", []string{` && l.After == before.Try && l.FirstPart == before.NextPart && l.Start == before.End && !before.Done`, ``}},
	{"the condition of the commit", "lambda/finalize/scan.go", []string{
		`c.bucket.Create(ctx, c.layout.ManifestSummary(), commit)`, `c.bucket.Put(ctx, c.layout.ManifestSummary(), commit)`,
	}},
}
