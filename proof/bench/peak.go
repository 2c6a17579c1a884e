package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"syscall"
)

// peak is the most memory that this process has had resident, in bytes. On Linux that is what the kernel counts of this
// process's own image: the usage that it tells of a child's end includes what the parent had when it was forked.
func peak() (int64, error) {
	if runtime.GOOS != "linux" {
		var usage syscall.Rusage
		err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
		return usage.Maxrss, err // macOS counts bytes
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	var kilobytes int64
	_, high, _ := bytes.Cut(status, []byte("VmHWM:"))
	if _, err := fmt.Sscanf(string(high), "%d kB", &kilobytes); err != nil {
		return 0, fmt.Errorf("read the peak of memory: %w", err)
	}
	return kilobytes << 10, nil
}
