package chaos

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// sender is one invocation's way to the services: all that it sends passes here, and what befalls it is drawn by what it is.
type sender struct {
	trial *trial
	// who is the invocation, in words that are the same whenever the seed runs again.
	who  string
	life *life
	// immortal says that it is no function's but Step Functions' own.
	immortal bool
	// sent is told of each request that is about to be sent, if it is given.
	sent func(ctx context.Context, who string, o operation)

	counts counts
}

// Do sends a request, unless something befalls it.
func (s *sender) Do(request *http.Request) (*http.Response, error) {
	o, err := operationOf(request)
	if err != nil {
		return nil, err
	}
	o.standIn = s.trial.tables != nil && o.service == serviceDynamoDB
	if err := s.life.alive(request.Context()); err != nil {
		return nil, err
	}
	nth := s.counts.next(o.String())
	fault := s.draw(o, nth)
	random := draw(s.trial.scenario.Seed, s.who, o, nth, fault, "how")
	switch fault {
	case KilledBefore:
		s.trial.struck(fault, s.who, o)
		s.life.end(random)
		return nil, errKilled
	case Frozen:
		s.trial.struck(fault, s.who, o)
		s.life.freeze(random)
		if err := s.life.alive(request.Context()); err != nil {
			return nil, err
		}
		fault = ""
	}
	request.Header.Set(header, s.header())
	if s.sent != nil {
		s.sent(request.Context(), s.who, o)
	}
	response, err := s.send(request, o, fault, func(how string) { s.trial.struck(fault, s.who, o, how) }, nth)
	if fault == KilledAfter {
		s.trial.struck(fault, s.who, o)
		s.life.end(random)
	}
	if gone := s.life.alive(request.Context()); gone != nil {
		if err == nil {
			_ = response.Body.Close() // nobody reads it
		}
		return nil, gone
	}
	return response, err
}

// send sends a request as the fault says.
func (s *sender) send(request *http.Request, o operation, fault Fault, struck func(how string), nth int) (*http.Response, error) {
	random := draw(s.trial.scenario.Seed, s.who, o, nth, fault, "send")
	ways := s.trial.harness.toObjects
	if o.service == serviceDynamoDB {
		ways = s.trial.harness.toTables
	}
	plain := ways.plain
	if o.standIn {
		plain = http.DefaultClient
	}
	switch fault {
	case Throttle, ServerError, Unavailable, SlowDown, Expired:
		response, how := refusal(fault, o, random)
		struck(how)
		return response, nil
	case BitFlippedUp:
		body, err := readBody(request)
		if err != nil || len(body) == 0 {
			return plain.Do(request)
		}
		flip(body, random)
		request.Body = io.NopCloser(bytes.NewReader(body))
		struck("")
		return plain.Do(request)
	case AnswerLost:
		response, err := plain.Do(request)
		if err != nil {
			return nil, err
		}
		_ = response.Body.Close() // which is lost
		struck("")
		return nil, errLost
	case WrongChecksum, BitFlipped, CutBody:
		response, err := plain.Do(request)
		if err != nil || response.StatusCode != http.StatusOK || response.ContentLength == 0 {
			return response, err
		}
		struck("")
		return response, damage(fault, response, random)
	}
	if through := ways.toxic[fault]; through != nil {
		struck("")
		return through.Do(request)
	}
	return plain.Do(request)
}

// lasting is of how many faults of a kind one is met by every try of the request within an invocation.
const lasting = 6

// draw returns what befalls the nth try of a request, "" if nothing does.
func (s *sender) draw(o operation, nth int) Fault {
	scenario := s.trial.scenario
	if s.trial.calm.Load() {
		return ""
	}
	// The pages of an invocation are asked for one after the other. It hands over what it has where it gets no more.
	pages, late := s.life.late()
	if o.name == "Scan" && nth == 0 {
		count := s.counts.next("pages")
		if late && pages == noMore && count > 0 || scenario.Pages > 0 && count >= scenario.Pages && (!late || pages == asBefore) {
			return Expired
		}
	}
	switch {
	case late && s.life.cut && o.name == "PutObject" && strings.Contains(o.subject, "/_segments/"):
		return KilledBefore
	case late:
		return ""
	}
	for _, fault := range requestFaults {
		rate := scenario.Rates[fault]
		if rate == 0 || !fault.strikes(o) || s.immortal && fault.fatal() {
			continue
		}
		if !strings.HasPrefix(s.who, "scan") { // of which there are few, of few requests
			rate = min(2*rate, 0.2)
		}
		if draw(scenario.Seed, s.who, o, fault, nth).Float64() < rate {
			return fault
		}
		if fault != Throttle && draw(scenario.Seed, s.who, o, fault, "always").Float64() < rate/lasting {
			return fault
		}
	}
	if s.life.starved && Throttle.strikes(o) {
		return Throttle
	}
	return ""
}

// struck counts a fault that has struck. The bucket has another number each time that the seed runs, as tries
// have other names.
func (r *trial) struck(fault Fault, who string, on any, how ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tally[fault]++
	event := strings.TrimSpace(fmt.Sprintf("%s: %s: %v %s", who, fault, on, strings.Join(how, " ")))
	r.events = append(r.events, tried.ReplaceAllString(strings.ReplaceAll(event, r.bucket, "BUCKET"), "$1-TRY"))
}
