package environment

import (
	"dynamodb-to-s3/lambda/document"
	"dynamodb-to-s3/lambda/run"
)

// checkChains refuses schedules whose runs continue the same chain of exports: each window is in the result of one run only, so each
// schedule would get a part of the windows. A disabled schedule starts no runs.
func (c checker) checkChains() {
	first := map[string]int{} // the schedule of each journal
	for i, s := range c.e.Schedules {
		schedule := document.Element("schedules", i)
		if s.Disabled || !c.Understood(schedule+".input") || !c.Understood(schedule+".tables") {
			continue
		}
		shared := make([][]string, i) // by the other schedule, the tables
		for _, each := range s.expanded(c.e.Tables) {
			req, err := parseRequest(each.Input, c.e)
			if err != nil || req.Export == nil || !req.Export.InChain() {
				continue // what is wrong with a request was added before
			}
			journal := run.ChainOf(req, c.fullName(req.Table)).Journal()
			if before, taken := first[journal]; !taken {
				first[journal] = i
			} else if before != i {
				shared[before] = append(shared[before], req.Table)
			}
		}
		for before, tables := range shared {
			if len(tables) > 0 {
				c.Add(schedule+".input", "", "the schedules %s (line %d) and %s continue the same chain of exports (table %s), so each window would be in the result of only one of them: "+
					"give one of them another prefix, or make one schedule of both", c.e.Schedules[before].Name, c.Line(document.Element("schedules", before)), s.Name, shown(tables))
			}
		}
	}
}
