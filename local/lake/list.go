package lake

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/progress"
)

// line is a run or a window in the list.
type line struct {
	Table   string         `json:"table"`
	ARN     string         `json:"tableArn"`
	Run     string         `json:"runId"`
	RunTime string         `json:"runTime,omitempty"`
	From    string         `json:"windowFrom,omitempty"`
	To      string         `json:"windowTo,omitempty"`
	Format  request.Format `json:"format"`
	Items   int64          `json:"items"`
	Objects int64          `json:"objects"`
	Bytes   int64          `json:"bytes"`
}

func (l *Lake) lines() (lines []line) {
	for _, t := range l.Tables {
		of := func(name, run string, s Stored) line {
			return line{Table: name, ARN: t.ARN, Run: run, Format: s.Format, Items: s.Items, Objects: s.Objects, Bytes: s.Bytes}
		}
		for _, r := range t.Runs {
			one := of(t.Name, r.ID, r.Stored)
			one.RunTime = run.PartitionTime(r.Time)
			lines = append(lines, one)
		}
		for _, w := range t.Windows {
			one := of(t.changesName(), w.RunID, w.Stored)
			one.From, one.To = run.PartitionTime(w.From), run.PartitionTime(w.To)
			lines = append(lines, one)
		}
	}
	return lines
}

// List prints the runs and windows of each table, the newest last: as JSON, one on a line, or as a table for people.
func (l *Lake) List(to io.Writer, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(to)
		for _, one := range l.lines() {
			if err := encoder.Encode(one); err != nil {
				return err
			}
		}
		return nil
	}
	aligned := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(aligned, "TABLE\tTIME OF THE DATA\tRUN\tFORMAT\tITEMS\tFILES\tSIZE") // Flush returns the error
	for _, one := range l.lines() {
		at := one.RunTime
		if at == "" {
			at = one.From + " to " + one.To
		}
		_, _ = fmt.Fprintln(aligned, strings.Join([]string{
			one.Table, at, one.Run, string(one.Format), progress.Count(one.Items), progress.Count(one.Objects), progress.Bytes(one.Bytes),
		}, "\t"))
	}
	if err := aligned.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(to, l.Hint())
	return err
}

// Hint says which tables there are.
func (l *Lake) Hint() string {
	names := l.Names()
	if len(names) == 0 {
		return "there are no committed runs of whole tables here"
	}
	return "the tables here are " + strings.Join(names, ", ")
}
