package run

import (
	"encoding/json"
	"fmt"
)

// Version is the version of everything that functions hand over or store: plans, claims, segment lists, journals and results. Raise
// it if functions of the version before would misread one of them.
const Version = 1

// CheckVersion fails if something that was handed over or stored has another Version.
func CheckVersion(got int) error {
	if got != Version {
		return fmt.Errorf("its version is %d, and these functions read version %d", got, Version)
	}
	return nil
}

// Marshal returns the JSON of a value that functions hand over or store. It panics if the value has none, which is a bug.
func Marshal(value any) []byte {
	body, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("internal error: %T does not marshal: %v", value, err))
	}
	return body
}
