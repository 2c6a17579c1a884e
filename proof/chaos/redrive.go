package chaos

import (
	"encoding/json"
	"net/http"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/run"
)

// answer answers the call of a function. A redriven execution continues after its Plan, and in each segment from the last checkpoint
// on: it gets the answers again that it got before it failed. If the seed has no redrives, an execution that has failed starts again
// from its beginning, as a local run does.
func (r *seedRun) answer(function contract.Function, payload []byte, execution int) result {
	if in := scanInput(payload); r.scenario.Redrives && (r.faultsOff.Load() || r.wasRedriven(execution)) && in.Checkpoint == nil {
		known := r.answerBefore(function, in, execution)
		if known != nil && (function != contract.FunctionFinalize || firstPassDone(known)) {
			return result{status: http.StatusOK, body: known}
		}
	}
	return r.invoke(function, payload, execution)
}

// firstPassDone reports whether an answer of finalize says that the second pass follows.
func firstPassDone(answer []byte) bool {
	var out run.FinalizeOutput
	return json.Unmarshal(answer, &out) == nil && out.Convert
}

func scanInput(payload []byte) (in run.ScanInput) {
	_ = json.Unmarshal(payload, &in) // the function says so if it cannot be read
	return in
}

// answerBefore returns the last answer that an execution got to such calls before it failed, nil for none. An answer that arrives after the
// execution has failed does not count, also if the execution was redriven by then.
func (r *seedRun) answerBefore(function contract.Function, in run.ScanInput, execution int) (answer []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	waiting := map[string]bool{}
	for _, e := range r.trace {
		switch {
		case e.Kind == Failed && e.Execution == execution:
			clear(waiting)
		case e.Kind == Called && e.Execution == execution && e.Function == function && sameWork(scanInput(e.Body), in):
			for _, caller := range e.Invocations {
				waiting[caller] = true
			}
		case e.Kind == Answered && waiting[e.Invocations[0]] && e.Body != nil:
			answer = e.Body
		}
	}
	return answer
}

// sameWork reports whether two calls of a function are of the same segment and the same pass.
func sameWork(a, b run.ScanInput) bool {
	return a.Segment == b.Segment && a.Plan.SecondPass() == b.Plan.SecondPass()
}
