package chaos

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/request"
)

// Scenario is what a seed draws before its run.
type Scenario struct {
	Seed uint64
	Mode request.Mode
	// Items is the number of items of the table. Large makes each item nearly as large as DynamoDB allows, so that objects have
	// several parts.
	Items       int
	Large       bool
	Segments    int
	Concurrency int
	Limit       int // items of a page
	FileSize    int
	Compression request.Compression
	Format      request.Format
	// Request is what the request asks for, and Beside what happens beside the run; "" for nothing special.
	Request, Beside Kind
	recipe          recipe
	index           index   // that the run scans, if it has a name
	maxReadUnits    float64 // its limit; 0 for none
	// Parquet makes the run one that writes Parquet files, in two passes.
	Parquet bool
	parquet parquet
	// segment is the one of so many segments that the run scans, if segments is not 0.
	segment, segments int
	death             death            // of the first execution, if it is drawn
	own               names            // if the seed has several runs
	view              request.ViewType // of a chain of exports, "" for a single export
	// Uploads is how many uploads one invocation of finalize completes; 0 for the usual number, with which it needs no batches.
	Uploads int
	// Pages is how many pages an invocation gets before it must return a checkpoint; 0 for all.
	Pages int
	// Writes changes the table while it is read.
	Writes bool
	// Replaces deletes the table while it is read, and creates another one of the same name, with other items of the same keys.
	Replaces bool
	// Deliveries is how often the firing of a schedule is delivered, or 0 for a run without a schedule. AtOnce delivers them at the
	// same time.
	Deliveries int
	AtOnce     bool
	// TakesOver delivers the next firing so late that its execution may take the run over from a failed one.
	TakesOver bool
	// Redrives redrives a failed execution. Otherwise it starts again from the beginning.
	Redrives bool
	// Rates is the probability of each fault, each time that it can happen.
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
		s.Writes, s.Concurrency = true, 1 // one segment after the other, so that each always finds the same items
		s.Rates[faultWritten] = pick(random, 0.2, 0.6)
	}
	if random.IntN(4) == 0 {
		s.Deliveries, s.AtOnce = 2+random.IntN(2), random.IntN(2) == 0
	}
	s.TakesOver = s.Deliveries > 0 && !s.AtOnce && draw(seed, "takes over").IntN(3) > 0
	if s.Replaces = s.Writes && draw(seed, "replaces").IntN(4) == 0; s.Replaces {
		s.Rates[faultReplaced] = pick(draw(seed, "replaced"), 0.05, 0.2)
	}
	if random := draw(seed, "uploads"); s.Mode == request.ModeScan && random.IntN(8) == 0 {
		s.Uploads = pick(random, 1, 2, 5)
	}
	s.Redrives = s.Mode == request.ModeScan && draw(seed, "redrives").IntN(2) == 0
	// Only some kinds of faults: with all of them, each would hide the others.
	for _, fault := range slices.Concat(requestFaults, invocationFaults) {
		if chosen, rate := random.IntN(3) == 0, pick(random, 0.01, 0.03, 0.1); chosen {
			s.Rates[fault] = rate
		}
	}
	s.Format = pick(draw(seed, "format"), request.FormatDynamoDBJSON, request.FormatDynamoDBJSON, request.FormatJSON, request.FormatION)
	if s.drawKinds(); s.Mode == request.ModeExport {
		s.Format = request.FormatDynamoDBJSON
	}
	s.drawParquet()
	if s.Large { // a large run has few requests
		for fault := range s.Rates {
			s.Rates[fault] = max(s.Rates[fault], 0.03)
		}
	}
	return s
}

// request returns the state machine's input.
func (s Scenario) request(table, bucket string) json.RawMessage {
	fields := map[string]any{"table": table, "bucket": bucket, "prefix": "chaos", "mode": s.Mode}
	if s.Deliveries > 0 {
		fields["schedule"], fields["scheduledTime"] = s.names().schedule, "2026-01-31T06:00:00Z"
	}
	if s.Mode == request.ModeExport {
		export := map[string]any{"checkIntervalSeconds": 1}
		if s.view != "" {
			export["from"], export["viewType"] = "last", s.view
		}
		fields["export"] = export
		if s.Parquet {
			fields["format"], fields["compression"], fields["fileSizeBytes"] = s.Format, s.Compression, s.FileSize
		}
	} else {
		maps.Copy(fields, map[string]any{
			"segments": s.Segments, "concurrency": s.Concurrency, "scan": map[string]any{"Limit": s.Limit},
			"fileSizeBytes": s.FileSize, "compression": s.Compression, "format": s.Format,
		})
		if s.segments > 0 { // instead of all segments
			delete(fields, "segments")
		}
		if s.maxReadUnits > 0 {
			fields["maxReadUnits"] = s.maxReadUnits
		}
		s.recipe.addTo(fields)
	}
	s.parquet.addTo(fields)
	req, err := json.Marshal(fields)
	if err != nil {
		panic(fmt.Sprintf("internal error: a request does not marshal: %v", err))
	}
	return req
}

// String describes the scenario in one line.
func (s Scenario) String() string {
	var rates []string
	for _, fault := range slices.Sorted(maps.Keys(s.Rates)) {
		rates = append(rates, fmt.Sprintf("%s %.2f", fault, s.Rates[fault]))
	}
	return fmt.Sprintf("%s of %d items %v (large: %t, changed: %t, replaced: %t), %d segments, %d at once, %d items a page, %d pages an invocation, %d uploads at once (0: all), objects of %d bytes %s %s, %d deliveries (at once: %t, takes over: %t), redrives: %t; %s",
		s.Mode, s.Items, s.Kinds(), s.Large, s.Writes, s.Replaces, s.Segments, s.Concurrency, s.Limit, s.Pages, s.Uploads, s.FileSize, s.Format, s.Compression, max(1, s.Deliveries), s.AtOnce, s.TakesOver, s.Redrives, strings.Join(rates, ", "))
}
