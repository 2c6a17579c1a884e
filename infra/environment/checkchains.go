package environment

import (
	"dynamodb-to-s3/lambda/document"
	"dynamodb-to-s3/lambda/run"
)

// checkChains refuses schedules whose runs continue the same chain of exports: each window is in the result of one run only, so each
// schedule would get a part of the windows. A disabled schedule starts no runs.
func (c checker) checkChains() {
	type place struct{ path, schedule string }
	first := map[string]place{} // by journal
	for i, s := range c.e.Schedules {
		schedule := document.Element("schedules", i)
		if s.Disabled || !c.Understood(schedule+".input") || !c.Understood(schedule+".tables") {
			continue
		}
		for _, each := range s.expanded(c.e.Tables) {
			req, err := parseRequest(each.Input, c.e)
			if err != nil || req.Export == nil || !req.Export.InChain() {
				continue // what is wrong with a request was added before
			}
			journal := run.ChainOf(req, c.fullName(req.Table)).Journal()
			before, taken := first[journal]
			if !taken {
				first[journal] = place{schedule, s.Name}
			} else if before.path != schedule {
				c.Add(schedule+".input", "", "the schedules %s (line %d) and %s export table %s in the same chain, so each window would be in the result of only one of them: "+
					"give one of them another prefix, or make one schedule of both", before.schedule, c.Line(before.path), s.Name, req.Table)
			}
		}
	}
}
