package main

// limited are the mutations of the rules that only runs with a limit have.
var limited = []mutation{
	{name: "a page is charged", file: "lambda/scan/paced.go", replace: []string{
		`r.portion.Charge(into.ReadUnits*float64(1+into.Lost) - charged)`, `r.portion.Charge(0)`,
	}, test: "TestRunStopsAtItsLimit", in: "./lambda/function"},
	{name: "a portion is given back once", file: "lambda/limit/limit.go", replace: []string{`a.Taken -= back`, `a.Taken -= 2 * back`}, kind: "a limit"},
	{name: "a portion is no more than is left", file: "lambda/limit/limit.go", replace: []string{
		`d.left = d.share - a.Taken`, `d.left = 100*d.share - a.Taken`,
	}, kind: "a limit"},
	{name: "an account is compared and swapped", file: "lambda/limit/account.go", replace: []string{
		`a.bucket.Replace(ctx, key, run.Marshal(now), etag)`, `a.bucket.Put(ctx, key, run.Marshal(now))`,
	}, test: "TestManySegmentsAtOnce"},
	{name: "pages whose answers are lost are charged", file: "lambda/scan/paced.go", replace: []string{
		`		r.portion.Charge(cost)
	}`, `	}`, `into.ReadUnits*float64(1+into.Lost) - charged`, `into.ReadUnits`,
	}, test: "TestLostPagesCount", in: "./lambda/function"},
}
