package chaos

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/request"
)

// Scenario is what a seed draws before anything runs.
type Scenario struct {
	Seed uint64
	Mode request.Mode
	// Items is how many there are in the table; Large says that each is nearly as large as one can be, so that an object takes
	// several parts.
	Items       int
	Large       bool
	Segments    int
	Concurrency int
	Limit       int // of a page
	FileSize    int
	Compression request.Compression
	// Pages is how many an invocation gets, so that it hands over; 0 for all.
	Pages int
	// Writes says that the table is written to while it is read.
	Writes bool
	// Deliveries is how often the firing of a schedule is delivered, 0 for a run by hand; AtOnce says that they come together.
	Deliveries int
	AtOnce     bool
	// TakesOver says that the next delivery comes so late that its execution may take the run over from one that has failed.
	TakesOver bool
	// Redrives says that an execution that has failed is redriven. Otherwise it is started again from its beginning.
	Redrives bool
	// Rates is how likely each fault is to strike each time that it could.
	Rates map[Fault]float64
}

// Draw draws the scenario of a seed.
func Draw(seed uint64) Scenario {
	random := draw(seed, "scenario")
	s := Scenario{
		Seed: seed, Mode: request.ModeScan, Items: pick(random, 30, 80, 200), Segments: pick(random, 1, 1, 2, 3, 5), Limit: pick(random, 8, 20, 50),
		FileSize: pick(random, 1<<10, 2<<10, 8<<10, 1<<20), Compression: pick(random, request.CompressionGZIP, request.CompressionGZIP, request.CompressionZSTD, request.CompressionNone),
		Pages: pick(random, 0, 0, 1, 2, 4), Rates: map[Fault]float64{},
	}
	s.Concurrency = pick(random, 1, s.Segments)
	switch kind := random.IntN(100); {
	case kind < 8:
		s.Large, s.Items, s.Segments, s.Limit, s.FileSize, s.Pages = true, largeItems, 1, 5, 64<<20, pick(random, 0, 4)
		s.Compression = pick(random, request.CompressionNone, request.CompressionGZIP)
	case kind < 18:
		s.Mode, s.Items = request.ModeExport, 30
	case kind < 40:
		s.Writes, s.Concurrency = true, 1 // one segment after the other: what each finds is then the same again
		s.Rates[Written] = pick(random, 0.2, 0.6)
	}
	if random.IntN(4) == 0 {
		s.Deliveries, s.AtOnce = 2+random.IntN(2), random.IntN(2) == 0
	}
	s.TakesOver = s.Deliveries > 0 && !s.AtOnce && draw(seed, "takes over").IntN(3) > 0
	s.Redrives = s.Mode == request.ModeScan && draw(seed, "redrives").IntN(2) == 0
	// A few kinds at a time: with all of them, each hides the others.
	for _, fault := range slices.Concat(requestFaults, invocationFaults) {
		if chosen, rate := random.IntN(3) == 0, pick(random, 0.01, 0.03, 0.1); chosen {
			s.Rates[fault] = rate
		}
	}
	if s.Large { // each request is as much work as a small run
		for fault := range s.Rates {
			s.Rates[fault] = max(s.Rates[fault], 0.03)
		}
	}
	return s
}

// request is the state machine's input.
func (s Scenario) request(table, bucket string) json.RawMessage {
	fields := map[string]any{"table": table, "bucket": bucket, "prefix": "chaos", "mode": s.Mode}
	if s.Deliveries > 0 {
		fields["schedule"], fields["scheduledTime"] = "hourly", "2026-01-31T06:00:00Z"
	}
	if s.Mode == request.ModeExport {
		fields["export"] = map[string]any{"checkIntervalSeconds": 1}
	} else {
		maps.Copy(fields, map[string]any{
			"segments": s.Segments, "concurrency": s.Concurrency, "scan": map[string]any{"Limit": s.Limit},
			"fileSizeBytes": s.FileSize, "compression": s.Compression,
		})
	}
	req, err := json.Marshal(fields)
	if err != nil {
		panic(fmt.Sprintf("internal error: a request does not marshal: %v", err))
	}
	return req
}

// String says in a line what was drawn.
func (s Scenario) String() string {
	var rates []string
	for _, fault := range slices.Sorted(maps.Keys(s.Rates)) {
		rates = append(rates, fmt.Sprintf("%s %.2f", fault, s.Rates[fault]))
	}
	return fmt.Sprintf("%s of %d items (large: %t, written to: %t), %d segments by %d, %d items a page, %d pages an invocation, objects of %d bytes %s, %d deliveries (at once: %t, takes over: %t), redrives: %t; %s",
		s.Mode, s.Items, s.Large, s.Writes, s.Segments, s.Concurrency, s.Limit, s.Pages, s.FileSize, s.Compression, max(1, s.Deliveries), s.AtOnce, s.TakesOver, s.Redrives, strings.Join(rates, ", "))
}
