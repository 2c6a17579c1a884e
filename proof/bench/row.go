package main

import (
	"fmt"
	"slices"
)

// row is one path with one table, and its measurements in all rounds.
type row struct {
	what     string // which table of the report it belongs to
	task     task
	measured []measured // of the task
	onePage  []measured // of the same task with one page
	// old are the same measurements with the old program. If it cannot make them, oldFailed says why.
	old, oldOnePage []measured
	oldFailed       error
}

func (r *row) String() string {
	return fmt.Sprintf("%s: %s, %s", r.what, r.task.Source.Shape, r.task.Path)
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

func medianOf(all []measured, of func(measured) float64) float64 {
	values := make([]float64, len(all))
	for i, m := range all {
		values[i] = of(m)
	}
	return median(values)
}

func cpu(m measured) float64         { return m.CPU.Seconds() }
func wall(m measured) float64        { return m.Wall.Seconds() }
func allocations(m measured) float64 { return m.Allocations }
func peakMB(m measured) float64      { return float64(m.Peak) / 1e6 }
func requests(m measured) float64    { return float64(m.Requests) }
func stored(m measured) float64      { return float64(m.Stored) }

// perPage returns a measurement for each page after the first, in each round: that of the task less that of one page. So it leaves out
// what a run costs whatever its size: the start of the process, its clients, its first connections, and its claim and its list.
func (r *row) perPage(of func(measured) float64) []float64 {
	return perPage(r.measured, r.onePage, r.task.Source.Pages, of)
}

func perPage(all, onePage []measured, pages int, of func(measured) float64) []float64 {
	fixed := medianOf(onePage, of)
	values := make([]float64, len(all))
	for i, m := range all {
		values[i] = (of(m) - fixed) / float64(pages-1)
	}
	return values
}

// megabytesPerCPUSecond is how many megabytes of pages the path moves in one second of CPU time.
func (r *row) megabytesPerCPUSecond() float64 { return pageSize / 1e6 / median(r.perPage(cpu)) }

// times returns the median over the rounds of how many times as much as another path this path moves in the same CPU time.
func (r *row) times(other *row) float64 { return medianRatio(other.perPage(cpu), r.perPage(cpu)) }

// timesOld compares with the old program.
func (r *row) timesOld() float64 {
	return medianRatio(perPage(r.old, r.oldOnePage, r.task.Source.Pages, cpu), r.perPage(cpu))
}

func medianRatio(over, under []float64) float64 {
	ratios := make([]float64, len(under))
	for i := range ratios {
		ratios[i] = over[i] / under[i]
	}
	return median(ratios)
}
