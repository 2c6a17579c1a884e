package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
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
type group struct {
	CPU, Memory string // a folder; CPU is "" if the group has a limit of memory only
}

// version2 says that the computer has version 2 of control groups.
func version2() bool {
	_, err := os.Stat(filepath.Join(groupRoot, "cgroup.controllers"))
	return err == nil
}

const groupRoot = "/sys/fs/cgroup"

// newMemoryGroup makes a group that has a limit of memory only. With version 1, it is inside the group of this process, whose limit applies, too.
func newMemoryGroup(mib int) (*group, error) {
	g, file := &group{Memory: filepath.Join(groupRoot, groupName(mib))}, "memory.max"
	if !version2() {
		mine, err := os.ReadFile("/proc/self/cgroup")
		if err != nil {
			return nil, err
		}
		_, folder, _ := strings.Cut(string(mine), ":memory:")
		folder, _, _ = strings.Cut(folder, "\n")
		g.Memory, file = filepath.Join(groupRoot, "memory", folder, groupName(mib)), "memory.limit_in_bytes"
	}
	if err := g.make(map[string]string{filepath.Join(g.Memory, file): strconv.Itoa(mib << 20)}); err != nil {
		return nil, err
	}
	return g, nil
}

// newGroup makes a group that has the share of a core, too.
func newGroup(mib int) (*group, error) {
	g, err := newMemoryGroup(mib)
	if err != nil {
		return nil, err
	}
	quota := strconv.Itoa(mib * quotaPeriod / oneCore)
	if version2() {
		g.CPU = g.Memory
		return g, g.make(map[string]string{g.CPU + "/cpu.max": fmt.Sprint(quota, " ", quotaPeriod), g.CPU + "/cpu.weight": "10000"})
	}
	g.CPU = filepath.Join(groupRoot, "cpu", groupName(mib))
	return g, g.make(map[string]string{
		g.CPU + "/cpu.cfs_period_us": strconv.Itoa(quotaPeriod), g.CPU + "/cpu.cfs_quota_us": quota, g.CPU + "/cpu.shares": "262144",
	})
}

func groupName(mib int) string { return fmt.Sprintf("dynamodb-to-s3-%d-%d", os.Getpid(), mib) }

func (g *group) folders() []string {
	if g.CPU == "" || g.CPU == g.Memory {
		return []string{g.Memory}
	}
	return []string{g.CPU, g.Memory}
}

// make makes the folders and writes files into them. If it fails, it removes the folders again.
func (g *group) make(files map[string]string) error {
	for _, folder := range g.folders() {
		if err := os.MkdirAll(folder, 0o750); err != nil {
			return err
		}
	}
	for file, value := range files {
		if err := os.WriteFile(file, []byte(value), 0o600); err != nil {
			g.remove()
			return err
		}
	}
	return nil
}

// enter moves this process into the group.
func (g *group) enter() error {
	for _, folder := range g.folders() {
		if err := os.WriteFile(folder+"/cgroup.procs", []byte(strconv.Itoa(os.Getpid())), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// remove removes the group after its processes have ended.
func (g *group) remove() {
	for _, folder := range g.folders() {
		_ = os.Remove(folder)
	}
}
