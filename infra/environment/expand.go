package environment

import "slices"

// maxScheduleName is the maximum length of a schedule's name.
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
const maxScheduleName = 64

// everyTable, alone in the tables of a schedule, stands for all tables of the environment.
const everyTable = "*"

// expanded returns the schedules with one table each.
func (e Environment) expanded() []Schedule {
	var all []Schedule
	for _, s := range e.Schedules {
		all = append(all, s.expanded(e.Tables)...)
	}
	return all
}

// expanded returns the schedules that EventBridge Scheduler gets: one for each table of Tables, or the schedule itself if it has none. Each
// has a name of its own, <name>-<table>, because the name of a run begins with the name of its schedule. tables are those of the
// environment.
func (s Schedule) expanded(tables []string) []Schedule {
	if len(s.Tables) == 0 {
		return []Schedule{s}
	}
	if !slices.Equal(s.Tables, []string{everyTable}) {
		tables = s.Tables
	}
	var all []Schedule
	for _, table := range tables {
		one := s
		one.Name, one.Tables, one.Input = s.Name+"-"+tableOf(table), nil, with(s.Input, "table", table)
		all = append(all, one)
	}
	return all
}
