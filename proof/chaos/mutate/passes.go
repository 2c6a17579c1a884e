package main

// passes are the mutations of the rules that only runs with two passes have.
var passes = []mutation{
	{name: "all staged records are converted", file: "lambda/finalize/staging.go", replace: []string{
		`if !c.plan.SecondPass() || c.written.Records == c.plan.Parquet.Staged.Records {`, `if true {`,
	}, kind: "lies between the passes"},
	{name: "the staged files are removed after the commit", file: "lambda/finalize/scan.go", replace: []string{
		`	if err := c.sweep(ctx); err != nil {`, `	if c.plan.SecondPass() {
		if err := c.removeStaging(ctx); err != nil {
			return out, err
		}
	}
	if err := c.sweep(ctx); err != nil {`,
	}, kind: "PARQUET"},
	{name: "the second pass leads to another folder", file: "lambda/run/plan.go", replace: []string{
		`Staging: p.FirstPass()`, `Staging: false && p.FirstPass()`,
	}, kind: "PARQUET"},
	{name: "a staged file is read by its ETag", file: "lambda/bucket/bucket.go", replace: []string{
		`	tag := quoted(etag)
	answer, err`, `	_ = quoted(etag)
	answer, err`, `IfMatch: &tag, ExpectedBucketOwner`, `ExpectedBucketOwner`,
	}, test: "TestParquetRunCommitsNothingThatIsNotWhole", in: "./lambda/function"},
	{name: "a place in a staged file has a sum", file: "lambda/convert/pages.go", replace: []string{
		`p.at.Sum != first.Sum {`, `false {`,
	}, kind: "PARQUET"},
	{name: "the schema is decided once", file: "lambda/ledger/schema.go", replace: []string{
		`created, err := in.Create(ctx, plan.Final().Schema(), body)`, `_, err := in.Put(ctx, plan.Final().Schema(), body)
	created := err == nil`,
	}, test: "TestSchemaIsDecidedOnce"},
	{name: "columns checks the claim", file: "lambda/columns/columns.go", replace: []string{
		`if err := ledger.CheckClaim(ctx, w.bucket, in.Plan); err != nil {`, `if err := error(nil); err != nil {`,
	}, kind: "PARQUET"},
	{name: "convert checks the claim before it reads", file: "lambda/scan/scan.go", replace: []string{
		`	if err := ledger.CheckClaim(ctx, destination, in.Plan); err != nil {
		return from, err
	}
	s, err := step.segment(ctx, in, from, destination)
	if err != nil {
		return from, err
	}
`, `	s, err := step.segment(ctx, in, from, destination)
	if err != nil {
		return from, err
	}
	if err := ledger.CheckClaim(ctx, destination, in.Plan); err != nil {
		return from, err
	}
`,
	}, test: "TestParquetRunCommitsNothingThatIsNotWhole", in: "./lambda/function"},
	{name: "a table that was read is not read again", file: "lambda/plan/claim.go", replace: []string{
		`	if !plan.FirstPass() {
		return false, nil`, `	if plan.FirstPass() || true {
		return false, nil`,
	}, kind: "PARQUET"},
	{name: "finalize checks the schema before it completes", file: "lambda/finalize/scan.go", replace: []string{
		`	if c.plan.SecondPass() {
		reading.Go(`, `	if c.plan.SecondPass() && c.digest == "" {
		reading.Go(`,
	}, kind: "lies between the passes"},
	{name: "the schema is learned from every record", file: "lambda/runschema/decide.go", replace: []string{
		`; own.Items != records {`, `; false {`,
	}, test: "TestParquetRunCommitsNothingThatIsNotWhole", in: "./lambda/function"},
	{name: "the staged files are removed in the end", file: "lambda/finalize/finalize.go", replace: []string{
		`return out, c.tidy(ctx)`, `return out, nil`,
	}, kind: "PARQUET"},
}
