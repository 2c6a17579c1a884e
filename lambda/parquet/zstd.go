package parquet

import "github.com/klauspost/compress/zstd"

// window is how far back a ZSTD frame refers, in bytes.
const window = 512 << 10

// way is how the pages of a column are compressed. 0 says that it is not decided yet.
type way uint8

const (
	wayFast     way = iota + 1 // the fastest level
	wayThorough                // a level that finds more in texts. It takes half as much time again.
	wayRecords                 // without a search; see records
)

// The first page of a column in a file decides the way, by a trial with its beginning.
const (
	leastTrial = 4 << 10
	mostTrial  = 64 << 10
)

// zstandard compresses pages to ZSTD frames, in one goroutine: a small function has less than one core. The frames have no checksum, because the
// header of a page has one.
type zstandard struct {
	fast, thorough *zstd.Encoder
	records        records
	trial          []byte
}

func newZstandard() (*zstandard, error) {
	encoder := func(level zstd.EncoderLevel) (*zstd.Encoder, error) {
		return zstd.NewWriter(nil, zstd.WithEncoderLevel(level), zstd.WithWindowSize(window), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false),
			zstd.WithAllLitEntropyCompression(true))
	}
	fast, err := encoder(zstd.SpeedFastest)
	if err != nil {
		return nil, err
	}
	thorough, err := encoder(zstd.SpeedBetterCompression)
	return &zstandard{fast: fast, thorough: thorough}, err
}

func (z *zstandard) append(dst, page []byte, l layout) []byte {
	if l.way == nil {
		return z.fast.EncodeAll(page, dst)
	}
	if *l.way == 0 && len(page) >= leastTrial {
		*l.way = z.try(page[:min(len(page), mostTrial)], l)
	}
	switch *l.way {
	case wayThorough:
		return z.thorough.EncodeAll(page, dst)
	case wayRecords:
		if out, ok := z.records.append(dst, page, l.from, l.size); ok {
			return out
		}
	}
	return z.fast.EncodeAll(page, dst)
}

// try returns the way that suits a page best. The thorough one must save a tenth.
func (z *zstandard) try(page []byte, l layout) way {
	z.trial = z.fast.EncodeAll(page, z.trial[:0])
	fast := len(z.trial)
	var ok bool
	if z.trial, ok = z.records.append(z.trial[:0], page, l.from, l.size); ok && len(z.trial) <= fast {
		return wayRecords
	}
	if z.trial = z.thorough.EncodeAll(page, z.trial[:0]); 10*len(z.trial) <= 9*fast {
		return wayThorough
	}
	return wayFast
}
