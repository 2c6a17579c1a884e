package main

// drawn are the mutations that only seeds of one kind find.
var drawn = []mutation{
	{name: "all records of a transform", file: "lambda/transform/transform.go", replace: []string{
		`		records++
`, `		if records == 1 {
			return out, records, nil
		}
		records++
`,
	}, kind: "a transform"},
	{name: "the attributes of a projection", file: "lambda/table/reader.go", replace: []string{
		`scan.AttributesToGet,`, `nil,`,
	}, kind: "a projection"},
	{name: "the index", file: "lambda/table/reader.go", replace: []string{`optional(scan.IndexName),`, `nil,`}, kind: "an index"},
	{name: "the one segment", file: "lambda/table/reader.go", replace: []string{
		`int32(segment))     //nolint`, `int32(segment*0)) //nolint`,
	}, kind: "one of several segments"},
	{name: "Ion's decimals", file: "lambda/ddbjson/ion.go", replace: []string{`dst[start+i] = 'd'`, `dst[start+i] = 'e'`}},
	{name: "the sweep of markers", file: "lambda/finalize/scan.go", replace: []string{
		`err := c.addShared(ctx); err != nil`, `err := error(nil); err != nil`,
	}, kind: "a pace"},
	{name: "the kept pace", file: "lambda/plan/kept.go", replace: []string{`if req.ReadPercent == nil {`, `if true {`}, kind: "a pace in percent"},
	{name: "the position of a takeover", file: "lambda/scan/resume.go", replace: []string{
		`		at = list.Next(at.Totals)
`, `		at = list.Next(at.Totals)
		at.Position = ""
`,
	}, kind: "an execution dies"},
	{name: "the folder of a run", file: "lambda/run/layout.go", replace: []string{`root := below(filled, run)`, `root := below(filled, "run")`}, kind: "two runs"},
	{name: "the journal of a chain", file: "lambda/run/exportchain.go", replace: []string{
		`Digest(c)[:chainDigest]`, `Digest("")[:chainDigest]`,
	}, kind: "two chains"},
	{name: "the plan in a list", file: "lambda/run/chain.go", replace: []string{`list.Plan != plan || !list.begins()`, `!list.begins()`}, kind: "adds a list"},
	{name: "names of others", file: "lambda/run/ownkeys.go", replace: []string{`return err == nil && scanned`, `_ = scanned
	return err == nil`}, kind: "adds an object"},
	{name: "the sweep of foreign uploads", file: "lambda/finalize/check.go", replace: []string{
		`if s.own.Data(upload.Key) || upload.Key`, `if upload.Key`,
	}, kind: "begins an upload"},
}
