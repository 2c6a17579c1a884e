package run

import "fmt"

// Version is the version of what functions hand over and store: plans, claims, segment lists, journals and results. Raise it when a
// function of the version before would misread one of them.
const Version = 1

// CheckVersion fails if something that was handed over or stored has another version than these functions.
func CheckVersion(got int) error {
	if got != Version {
		return fmt.Errorf("its version is %d, and these functions read version %d", got, Version)
	}
	return nil
}
