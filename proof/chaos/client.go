package chaos

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
)

// faultyClient is the HTTP client of one invocation. It injects the faults of its requests.
type faultyClient struct {
	seedRun *seedRun
	// caller is the name of the invocation, which is the same every time that the seed runs.
	caller  string
	process *process
	// stepFunctions is true for the client of Step Functions, which is never killed or paused.
	stepFunctions bool
	// before, if not nil, is called before each request.
	before func(ctx context.Context, o operation)

	counts counts
}

// Do sends a request, with its fault if it has one.
func (c *faultyClient) Do(request *http.Request) (*http.Response, error) {
	o, err := operationOf(request)
	if err != nil {
		return nil, err
	}
	o.toExports = c.seedRun.tables != nil && o.service == serviceDynamoDB
	if err := c.process.waitWhilePaused(request.Context()); err != nil {
		return nil, err
	}
	nth := c.counts.next(o.String())
	fault := c.draw(o, nth)
	random := draw(c.seedRun.scenario.Seed, c.caller, o, nth, fault, "how")
	switch fault {
	case faultKilledBefore:
		c.kill(fault, o, random)
		return nil, errKilled
	case faultPaused:
		c.seedRun.injected(fault, c.caller, o)
		c.process.pause(random, c.seedRun.scenario.Parquet)
		if err := c.process.waitWhilePaused(request.Context()); err != nil {
			return nil, err
		}
		fault = ""
	}
	request.Header.Set(header, c.header())
	if c.before != nil {
		c.before(request.Context(), o)
		if err := c.process.waitWhilePaused(request.Context()); err != nil {
			return nil, err
		}
	}
	response, err := c.send(request, o, fault, func(how string) { c.seedRun.injected(fault, c.caller, o, how) }, nth)
	if fault == faultKilledAfter {
		c.kill(fault, o, random)
	}
	if ended := c.process.waitWhilePaused(request.Context()); ended != nil {
		if err == nil {
			_ = response.Body.Close() // it is not read
		}
		return nil, ended
	}
	return response, err
}

// kill kills the invocation at a request.
func (c *faultyClient) kill(fault Fault, o operation, random *rand.Rand) {
	if o.name == "CompleteMultipartUpload" {
		fault = faultKilledCompleting
	}
	c.seedRun.injected(fault, c.caller, o)
	c.process.kill(random)
}

// send sends a request with a fault.
func (c *faultyClient) send(request *http.Request, o operation, fault Fault, injected func(how string), nth int) (*http.Response, error) {
	random := draw(c.seedRun.scenario.Seed, c.caller, o, nth, fault, "send")
	connections := c.seedRun.harness.toObjects
	if o.service == serviceDynamoDB {
		connections = c.seedRun.harness.toTables
	}
	plain := connections.plain
	if o.toExports {
		plain = http.DefaultClient
	}
	switch fault {
	case faultThrottle, faultServerError, faultUnavailable, faultSlowDown, faultExpired:
		response, how := errorResponse(fault, o, random)
		injected(how)
		return response, nil
	case faultBitFlippedUp:
		body, err := readBody(request)
		if err != nil || len(body) == 0 {
			return plain.Do(request)
		}
		flip(body, random)
		request.Body = io.NopCloser(bytes.NewReader(body))
		injected("")
		return plain.Do(request)
	case faultAnswerLost:
		response, err := plain.Do(request)
		if err != nil {
			return nil, err
		}
		_ = response.Body.Close() // the answer is lost
		injected("")
		return nil, errConnectionReset
	case faultErrorIn200:
		if random.IntN(2) == 0 {
			injected("before S3 has done it")
			return errorIn200(), nil
		}
		response, err := plain.Do(request)
		if err != nil {
			return nil, err
		}
		_ = response.Body.Close() // it is replaced
		injected("after S3 has done it")
		return errorIn200(), nil
	case faultTwice:
		body, err := readBody(request)
		if err != nil {
			return nil, err
		}
		first, err := plain.Do(request.Clone(request.Context()))
		if err != nil {
			return nil, err
		}
		_ = first.Body.Close() // the client gets the second answer
		request.Body = io.NopCloser(bytes.NewReader(body))
		injected("")
		return plain.Do(request)
	case faultUploadHidden, faultUploadGhost:
		response, err := plain.Do(request)
		if err != nil || response.StatusCode != http.StatusOK {
			return response, err
		}
		changed, err := c.seedRun.staleListing(fault, request.URL.Query(), response, random)
		if changed {
			injected("")
		}
		return response, err
	case faultSpoiled:
		response, err := plain.Do(request)
		if err != nil || response.StatusCode != http.StatusOK {
			return response, err
		}
		injected("")
		return response, spoil(o, response, random)
	case faultWrongChecksum, faultBitFlipped, faultCutBody:
		response, err := plain.Do(request)
		if err != nil || response.StatusCode != http.StatusOK || response.ContentLength == 0 {
			return response, err
		}
		injected("")
		return response, damage(fault, response, random)
	}
	if through := connections.toxic[fault]; through != nil {
		injected("")
		return through.Do(request)
	}
	return plain.Do(request)
}

// Of persistentShare faults, one strikes every attempt of the request within an invocation.
const persistentShare = 6

// draw returns the fault of the nth attempt of a request, or "".
func (c *faultyClient) draw(o operation, nth int) Fault {
	scenario := c.seedRun.scenario
	if c.seedRun.faultsOff.Load() {
		return ""
	}
	// An invocation reads its pages one after the other. When it gets no more pages, it returns a checkpoint.
	pages, late := c.process.resumedPages()
	if (o.name == "Scan" || o.readsStaged()) && nth == 0 {
		count := c.counts.next("pages")
		if late && pages == noPages && count > 0 || scenario.Pages > 0 && count >= scenario.Pages && (!late || pages == samePages) {
			return faultExpired
		}
	}
	switch {
	case late && c.process.killedAtList && o.name == "PutObject" && strings.Contains(o.subject, "/_segments/"):
		return faultKilledBefore
	case late:
		return ""
	}
	for _, fault := range requestFaults {
		rate := scenario.Rates[fault]
		if rate == 0 || !fault.appliesTo(o) || c.stepFunctions && fault.endsInvocation() {
			continue
		}
		if !strings.HasPrefix(c.caller, "scan") && !strings.HasPrefix(c.caller, "convert") { // the other functions send few requests
			rate = min(2*rate, 0.2)
		}
		if fault.isRare() {
			rate = min(4*rate, 0.3)
		}
		if draw(scenario.Seed, c.caller, o, fault, nth).Float64() < rate {
			return fault
		}
		if fault != faultThrottle && draw(scenario.Seed, c.caller, o, fault, "always").Float64() < rate/persistentShare {
			return fault
		}
	}
	if o.readsStaged() && draw(scenario.Seed, c.caller, o, faultSpoiled, nth).Float64() < scenario.Rates[faultSpoiled] {
		return faultSpoiled
	}
	if c.process.noCapacity && faultThrottle.appliesTo(o) {
		return faultThrottle
	}
	return ""
}
