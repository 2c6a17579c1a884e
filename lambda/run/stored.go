package run

import (
	"crypto/sha256"
	"encoding/hex"
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

// Digest returns a digest of a value's JSON. It does not depend on the order of members or on the spelling of the JSON, which the state
// machine may change.
func Digest(value any) string { return digest(Marshal(value)) }

// digest returns a digest of JSON that does not depend on the order of its members or on its spelling.
func digest(canonical []byte) string {
	var value any
	if json.Unmarshal(canonical, &value) == nil {
		canonical, _ = json.Marshal(value) // JSON that was read can be written; objects get sorted members
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:])
}
