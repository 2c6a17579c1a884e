package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// peakRSS returns the most memory that a process, or "self", has had, in bytes, as Linux tells it. That of getrusage would
// begin with what the process had that started it.
// https://man7.org/linux/man-pages/man5/proc_pid_status.5.html
func peakRSS(process string) (int64, error) {
	status, err := os.ReadFile("/proc/" + process + "/status")
	if err != nil {
		return 0, fmt.Errorf("the peak of memory is known on Linux only: %w", err)
	}
	for line := range bytes.Lines(status) {
		if fields := bytes.Fields(line); len(fields) == 3 && string(fields[0]) == "VmHWM:" {
			kibibytes, err := strconv.ParseInt(string(fields[1]), 10, 64)
			return kibibytes << 10, err
		}
	}
	return 0, fmt.Errorf("process %s has no peak of memory", process)
}
