package parquet

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// unpack decompresses a frame with a program that is not ours.
func unpack(t *testing.T, frame []byte) []byte {
	t.Helper()
	d, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	page, err := d.DecodeAll(frame, nil)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// recordsOf returns records that have random bytes except for the shared ones, which begin at a place.
func recordsOf(r *rand.Rand, count, size, at, shared int) (page []byte) {
	for range count {
		from := len(page)
		for i := range size {
			page = append(page, byte(i))
			if (i-at+size)%size >= shared {
				page[from+i] = byte(r.Uint32())
			}
		}
	}
	return page
}

// Records give back their page, and take few bytes more than those that they do not share. The sizes are those at which ZSTD's codes change.
func TestRecords(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same data every time
	coded := new(records)
	for _, size := range []int{4, 5, 8, 16, 19, 20, 36, 38, 39, 67, 68, 69, 131, 132, 133, 260, 1024} {
		for _, shared := range []int{3, 4, 12, 34, 35, 36, 66, 67, 99, 128, 200} {
			for _, at := range []int{0, 1, size - 1} {
				if shared >= size {
					continue
				}
				head, count := random(r, r.IntN(3000)), 64+r.IntN(2000)
				page := slices.Concat(head, recordsOf(r, count, size, at, shared))
				frame, ok := coded.append(nil, page, len(head), size)
				if !ok || !bytes.Equal(unpack(t, frame), page) {
					t.Fatalf("%d bytes, %d shared at %d: ok %t", size, shared, at, ok)
				}
				// A sequence takes up to 14 bits. The frame, a block and the first two records take some bytes.
				if most := len(page) - count*(min(shared, mostShared)-2) + 3*size + 300; len(frame) > most {
					t.Errorf("%d bytes, %d shared at %d: %d records take %d bytes, want %d", size, shared, at, count, len(frame), most)
				}
			}
		}
	}
}

func random(r *rand.Rand, n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(r.Uint32())
	}
	return out
}

// Bytes that only some records share do not count, and pages with too little in common are left to others.
func TestRecordsThatDiffer(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same data every time
	many := recordsOf(r, 1000, 16, 5, 8)
	change := func(places ...int) []byte {
		page := bytes.Clone(many)
		for _, place := range places {
			page[place]++
		}
		return page
	}
	for name, test := range map[string]struct {
		page       []byte
		from, size int
		ok         bool
	}{
		"a byte in the first record":        {change(5), 0, 16, true},
		"a byte in the middle":              {change(500*16 + 8), 0, 16, true},
		"a byte at the end of the run":      {change(500*16 + 12), 0, 16, true},
		"two bytes":                         {change(500*16+8, 700*16+11), 0, 16, false},
		"the last record":                   {change(999*16 + 7), 0, 16, true},
		"in several records":                {change(100*16+5, 101*16+6, 900*16+12), 0, 16, true},
		"records of another size":           {many, 0, 17, false},
		"twice the size":                    {many, 0, 32, true},
		"as many records as must be":        {many[:64*16], 0, 16, true},
		"fewer":                             {many[:64*16-1], 0, 16, false},
		"only bytes that are the same":      {make([]byte, 100_000), 1, 8, true},
		"all sequences that a block holds":  {make([]byte, 4*mostSequences*3), 0, 4, true},
		"a head that takes half a block":    {append(make([]byte, mostBlock/2-48), many...), mostBlock/2 - 48, 16, true},
		"a larger head":                     {append(make([]byte, mostBlock/2-47), many...), mostBlock/2 - 47, 16, false},
		"records that are too large":        {make([]byte, 100*(mostRecord+1)), 0, mostRecord + 1, false},
		"no size":                           {many, 0, 0, false},
		"a size that a false length claims": {many, 0, 1 << 32, false},
		"nothing":                           {nil, 0, 8, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			frame, ok := new(records).append([]byte("before"), test.page, test.from, test.size)
			if ok != test.ok {
				t.Fatalf("got %t", ok)
			}
			if frame, before := bytes.CutPrefix(frame, []byte("before")); !before || ok && !bytes.Equal(unpack(t, frame), test.page) {
				t.Error("the frame has other bytes")
			}
		})
	}
}

// FuzzRecords compresses any bytes as records.
func FuzzRecords(f *testing.F) {
	f.Add([]byte("0123456789abcdef"), 3, 16, 100, uint64(1))
	f.Fuzz(func(t *testing.T, record []byte, from, size, count int, seed uint64) {
		if count < 0 || count > 5000 || from < 0 || len(record) > 2000 {
			return
		}
		page := bytes.Repeat(record, count)
		r := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // the same data every time
		for range len(page) / 7 {
			page[r.IntN(len(page))%(1+int(seed%uint64(len(page))))]++ //nolint:gosec // small
		}
		if frame, ok := new(records).append(nil, page, min(from, len(page)), size); ok && !bytes.Equal(unpack(t, frame), page) {
			t.Error("the frame has other bytes")
		}
	})
}

// Numbers have the code that RFC 8878 gives them.
func TestCodes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		got  code
		want code
	}{
		{codeOf(0, 16, lengthBits), code{0, 0, 0}},
		{codeOf(15, 16, lengthBits), code{15, 0, 0}},
		{codeOf(16, 16, lengthBits), code{16, 1, 0}},
		{codeOf(23, 16, lengthBits), code{19, 1, 1}},
		{codeOf(63, 16, lengthBits), code{24, 4, 15}},
		{codeOf(64, 16, lengthBits), code{25, 6, 0}},
		{codeOf(65_536, 16, lengthBits), code{35, 16, 0}},
		{codeOf(131_071, 16, lengthBits), code{35, 16, 65_535}},
		{codeOf(34-3, 32, matchBits), code{31, 0, 0}},
		{codeOf(35-3, 32, matchBits), code{32, 1, 0}},
		{codeOf(66-3, 32, matchBits), code{39, 3, 7}},
		{codeOf(67-3, 32, matchBits), code{40, 4, 0}},
		{codeOf(131-3, 32, matchBits), code{43, 7, 0}},
		{offsetCode(0), code{0, 0, 0}},
		{offsetCode(8), code{3, 3, 3}},
		{offsetCode(1024), code{10, 10, 3}},
	} {
		if test.got != test.want {
			t.Errorf("got %+v, want %+v", test.got, test.want)
		}
	}
	if got, want := appendBits(nil, 3, code{width: 1, extra: 1}, code{width: 3, extra: 2}, code{}), []byte{0b0101_0101, 0b1_0101}; !bytes.Equal(got, want) {
		t.Errorf("bits %b, want %b", got, want)
	}
	var frame []byte
	frame = new(records).appendBlock(appendFrame(frame, 13), []byte("abcd"), sequences{times: 1, fresh: 4, repeated: 4, back: 4}, false)
	frame = new(records).appendBlock(frame, []byte("ef"), sequences{times: 1, fresh: 1, repeated: 3}, true)
	want := slices.Concat(
		[]byte{0x28, 0xb5, 0x2f, 0xfd, 0xa0, 13, 0, 0, 0},
		[]byte{13<<3 | 2<<1, 0, 0, 4<<4 | 3<<2, 0, 0, 'a', 'b', 'c', 'd', 1, 0x54, 4, 2, 1, 0b1_11}, // offset code 2 with the bits 11: 4 bytes back
		[]byte{11<<3 | 2<<1 | 1, 0, 0, 2<<4 | 3<<2, 0, 0, 'e', 'f', 1, 0x54, 1, 0, 0, 1},
	)
	if !bytes.Equal(frame, want) || string(unpack(t, frame)) != "abcdabcdebcdf" {
		t.Errorf("got %x, want %x, which is %q", frame, want, unpack(t, frame))
	}
}
