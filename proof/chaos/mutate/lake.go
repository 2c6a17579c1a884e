package main

// lakes is the test whose readers query while runs are shown and pruned.
const lakes = "TestReadersSeeOneWholeRun"

// shown are the mutations of the steps Catalog and Prune.
var shown = []mutation{
	{name: "a table is changed by its version", file: "lambda/catalog/tables.go", replace: []string{
		`VersionId: current.VersionId, SkipArchive`, `SkipArchive`,
	}, test: "TestConflictReadsAgain"},
	{name: "an older run never takes the table back", file: "lambda/catalog/newest.go", replace: []string{
		`if there >= own {`, `if there == own {`,
	}, test: lakes, in: "./proof/chaos"},
	{name: "a table of somebody else is refused", file: "lambda/catalog/tables.go", replace: []string{
		`	case t.source:
		return answer.Table, nil
	case "":`, `	case t.source, "":
		return answer.Table, nil
	case "-":`,
	}, test: "TestForeignTableIsRefused"},
	{name: "a partition goes with the run", file: "lambda/prune/hide.go", replace: []string{
		`if _, err := p.removePartitions(ctx, c); err != nil {`, `if err := error(nil); err != nil {`,
	}, test: "TestRunsAreHiddenFirstAndRemovedLater"},
	{name: "the objects stay for an hour", file: "lambda/prune/prune.go", replace: []string{
		`!p.now().Before(c.removal.Since.Add(Grace)):`, `true:`,
	}, test: lakes, in: "./proof/chaos"},
	{name: "the newest runs stay", file: "lambda/prune/keep.go", replace: []string{
		`kept[c] = newer[c.kind] < max(p.retention.KeepRuns, 1) ||`, `kept[c] = newer[c.kind] < 0 ||`,
	}, test: lakes, in: "./proof/chaos"},
	{name: "the base of a chain stays", file: "lambda/prune/keep.go", replace: []string{
		`c.base() && !based[c.chain] //`, `false //`,
	}, test: "TestBaseOfAChainStaysBesideNewerScans"},
	{name: "a run that exported nothing is no copy", file: "lambda/prune/find.go", replace: []string{
		`	case len(c.exports) == 0:`, `	case len(c.exports) < 0:`,
	}, test: "TestRunThatExportedNothingIsNoCopy"},
	{name: "files that another export has stay", file: "lambda/prune/exports.go", replace: []string{
		`				delete(doomed, key)`, `				_ = key`,
	}, test: "TestExportsOfOthersStay"},
	{name: "what has another name is left alone", file: "lambda/prune/remove.go", replace: []string{
		`case own(strings.TrimPrefix(entry.Key, folder+"/")):`, `case own != nil && entry.Key != claim:`,
	}, test: lakes, in: "./proof/chaos"},
}
