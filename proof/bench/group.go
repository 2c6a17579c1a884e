package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

const (
	// oneCore is the memory in MiB for which Lambda gives one core. Less memory gives as much less of it.
	// https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
	oneCore = 1769
	// quotaPeriod is after how many microseconds a group gets its share again. A longer period makes longer pauses.
	quotaPeriod = 20_000
)

// group is a control group of Linux, as Lambda makes one for a function: its processes have the memory, and the share of a core that belongs
// to it. Beside other work of the computer, the group gets its share first. It is one folder, or two with version 1 of control groups. Only root can make it.
// https://docs.kernel.org/scheduler/sched-bwc.html
type group struct{ CPU, Memory string }

func newGroup(mib int) (*group, error) {
	root, name := "/sys/fs/cgroup", fmt.Sprintf("dynamodb-to-s3-%d", mib)
	quota, size := strconv.Itoa(mib*quotaPeriod/oneCore), strconv.Itoa(mib<<20)
	var files map[string]string
	g := &group{CPU: filepath.Join(root, name), Memory: filepath.Join(root, name)}
	if _, err := os.Stat(filepath.Join(root, "cgroup.controllers")); err == nil {
		files = map[string]string{g.CPU + "/cpu.max": fmt.Sprint(quota, " ", quotaPeriod), g.CPU + "/cpu.weight": "10000", g.Memory + "/memory.max": size}
	} else {
		g = &group{CPU: filepath.Join(root, "cpu", name), Memory: filepath.Join(root, "memory", name)}
		files = map[string]string{
			g.CPU + "/cpu.cfs_period_us": strconv.Itoa(quotaPeriod), g.CPU + "/cpu.cfs_quota_us": quota, g.CPU + "/cpu.shares": "262144", g.Memory + "/memory.limit_in_bytes": size,
		}
	}
	for _, folder := range []string{g.CPU, g.Memory} {
		if err := os.MkdirAll(folder, 0o750); err != nil {
			return nil, err
		}
	}
	for file, value := range files {
		if err := os.WriteFile(file, []byte(value), 0o600); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// enter moves this process into the group.
func (g *group) enter() error {
	for _, folder := range []string{g.CPU, g.Memory} {
		if err := os.WriteFile(folder+"/cgroup.procs", []byte(strconv.Itoa(os.Getpid())), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// remove removes the group after its processes have ended.
func (g *group) remove() {
	_ = os.Remove(g.CPU)
	_ = os.Remove(g.Memory)
}
