package chaos

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"

	"dynamodb-to-s3/lambda/failure"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// faultSpoiled is what only the checksum at the end of a staged file shows, and this download does not come so far. convert hands over the pages that
// it has received, and the next invocation must find out that they are not those of the file.
const faultSpoiled Fault = "a staged file's download is damaged, and ends before its checksum"

// spoiledShare says how rare this fault is: one of so many seeds that make Parquet files has it.
const spoiledShare = 5

// drawDownloads draws how convert reads staged files. Small pages let an invocation end in the middle of a file when a download breaks off.
func (s *Scenario) drawDownloads() {
	random := draw(s.Seed, "downloads")
	s.parquet.pageBytes = pick(random, 0, 300, 1000, 4000)
	if random.IntN(spoiledShare) == 0 {
		s.parquet.pageBytes, s.Rates[faultSpoiled] = pick(random, 300, 1000), pick(random, 0.05, 0.2)
	}
}

// spoil changes a digit of a staged file in a download, leaves the rest as an encoder would have written it, and breaks the download off before the
// checksum.
func spoil(o operation, response *http.Response, random *rand.Rand) error {
	stored, err := io.ReadAll(response.Body)
	_ = response.Body.Close() // it was read
	if err != nil {
		return err
	}
	var packed bytes.Buffer
	var plain io.Reader
	var out interface {
		io.Writer
		Flush() error
	}
	if strings.HasSuffix(o.subject, ".zst") {
		if plain, err = zstd.NewReader(bytes.NewReader(stored)); err == nil {
			out, err = zstd.NewWriter(&packed, zstd.WithEncoderConcurrency(1))
		}
	} else {
		plain, err = gzip.NewReader(bytes.NewReader(stored))
		out = gzip.NewWriter(&packed)
	}
	if err != nil {
		return err
	}
	body, err := io.ReadAll(plain)
	if err != nil {
		return err
	}
	flip(body, random)
	for line := range bytes.Lines(body) { // a reader gets each line before it gets the next one
		if _, err = out.Write(line); err == nil {
			err = out.Flush()
		}
		if err != nil {
			return err
		}
	}
	response.Body = io.NopCloser(io.MultiReader(&packed, brokenReader{}))
	return nil
}

// spoiled reports whether a damaged download explains the failure of a run.
func (r *seedRun) spoiled(name failure.Name, cause string) bool {
	return name == failure.ListsInconsistent && r.had(faultSpoiled) && strings.Contains(cause, "its download was damaged")
}
