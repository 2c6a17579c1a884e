package badinput

import (
	"encoding/json"
	"testing"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/request"
)

// badRequest is a request that must be refused.
type badRequest struct {
	expected `yaml:",inline"`
	// With follows a valid table and bucket. Request is a complete request.
	With    text `yaml:"with"`
	Request text `yaml:"request"`
	// Defaults are the deployment's request fields; Execution is the execution's name.
	Defaults  text `yaml:"defaults"`
	Execution text `yaml:"execution"`
}

func (r badRequest) body() string {
	if r.With == "" {
		return r.Request.written()
	}
	return `{"table":"orders","bucket":"b-1",` + r.With.written() + `}`
}

// request.Parse finds the faults of a request itself, and the function plan reports them in the same words. Only plan finds the faults that
// depend on the table, the bucket or the deployment. Nothing is written.
func TestBadRequestsAreRefusedByName(t *testing.T) {
	t.Parallel()
	each(t, "requests", 120, func(r badRequest) expected { return r.expected }, func(t *testing.T, r badRequest) {
		body := []byte(r.body())
		_, refused := request.Parse(body, json.RawMessage(r.Defaults))
		if refused != nil {
			r.hold(t, string(failure.NameOf(refused)), refused.Error())
		}
		if !json.Valid(body) { // Step Functions accepts only JSON
			if refused == nil {
				t.Error("request.Parse accepted input that is not JSON")
			}
			return
		}
		name := r.Execution.written()
		if name == "" {
			name = "run-1"
		}
		quoted, err := json.Marshal(name)
		if err != nil {
			t.Fatal(err)
		}
		w := newWire()
		payload := `{"request":` + string(body) + `,"execution":{"id":"arn:run-1","name":` + string(quoted) + `,"startTime":"2026-01-31T06:00:00Z"}}`
		told := w.invoke(t, contract.FunctionPlan, payload, string(r.Defaults))
		r.hold(t, told.Type, told.Message)
		if len(w.written) > 0 {
			t.Errorf("plan wrote %q", w.written)
		}
	})
}
