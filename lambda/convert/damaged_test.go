package convert

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"testing/iotest"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/scan"
	"dynamodb-to-s3/lambda/table"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// A flipped bit can change items of many pages before the checksum at the end shows it. Those pages must not be handed over.
func TestDamageIsToldFromABrokenDownload(t *testing.T) {
	t.Parallel()
	items := some(3000, 1000)
	for name, with := range compressions {
		body := compress(t, with, lines(items...))
		s := newStored(t)
		s.put(name, int64(len(items)), spoiled(body))
		got, err := s.read(s.pages(true), nil)
		if !errors.Is(err, scan.ErrDamaged) || failure.NameOf(err).Permanent() || len(got) == 0 {
			t.Errorf("%s: got %v after %d items", name, err, len(got))
		}
	}
	s := newStored(t)
	s.put("a.json.gz", int64(len(items)), compress(t, zipped, lines(items...)))
	s.download(func(body []byte) io.Reader {
		return io.MultiReader(bytes.NewReader(body[:len(body)/2]), iotest.ErrReader(errBroken))
	})
	got, err := s.read(s.pages(true), nil)
	if err == nil || errors.Is(err, scan.ErrDamaged) || !bytes.Contains([]byte(err.Error()), []byte(errBroken.Error())) {
		t.Errorf("a broken download: got %v after %d items", err, len(got))
	}
}

// An invocation ends after each page in turn, and the next one continues there, with a download of its own. Their downloads are damaged in the same early
// item, before the checksum at the end of the file can show it. A damaged download of the second one is an error that a retry can repair. What the
// first one has converted cannot be repaired: the run fails, and says what to do.
func TestNoPageOfADamagedDownloadIsKept(t *testing.T) {
	t.Parallel()
	items := some(200, 4000)
	damaged := some(200, 4000)
	damaged[1] = `{"n":{"N":"8"}}`
	for name, with := range compressions {
		whole := compress(t, with, lines(items...))
		other := compress(t, with, lines(damaged...))
		wrong := spoiled(other) // the file's own checksum does not fit other bytes
		s := newStored(t)
		s.put(name, int64(len(items)), whole)
		newPages := func(body []byte) *pages {
			s.download(func([]byte) io.Reader { return bytes.NewReader(body) })
			p := s.pages(true)
			p.size = 50_000
			return p
		}
		keys := s.keys(newPages(whole))
		damagedKeys := s.keysUntilDamage(newPages(wrong))
		if len(keys) < 5 || len(damagedKeys) < 5 {
			t.Fatalf("%s: %d and %d pages", name, len(keys), len(damagedKeys))
		}
		for page := range damagedKeys {
			for _, test := range []struct {
				name  string
				from  json.RawMessage
				body  []byte
				fails failure.Name // "" for none
				sees  bool         // scan.ErrDamaged
			}{
				{"no damage", keys[page], whole, "", false},
				{"damage of the first download", damagedKeys[page], whole, failure.ListsInconsistent, false},
				{"damage of the second download", keys[page], wrong, failure.EndpointUnreachable, true},
				{"like damage of both downloads", damagedKeys[page], wrong, failure.EndpointUnreachable, true},
			} {
				_, err := s.read(newPages(test.body), test.from)
				if test.fails == "" && err != nil || test.fails != "" && failure.NameOf(err) != test.fails || errors.Is(err, scan.ErrDamaged) != test.sees {
					t.Errorf("%s, after page %d: %s: got %v", name, page+1, test.name, err)
				}
			}
		}
	}
}

// A line that is no item is a fault of the file only if its checksum is right. Otherwise the download is damaged, and a retry can help.
func TestMalformedItemOfADamagedDownload(t *testing.T) {
	t.Parallel()
	body := lines(some(300, 100)...)
	copy(body[5000:], "####################")
	for name, with := range compressions {
		for _, test := range []struct {
			body []byte
			want failure.Name
		}{{compress(t, with, body), failure.ListsInconsistent}, {spoiled(compress(t, with, body)), failure.EndpointUnreachable}} {
			s := newStored(t)
			s.put(name, 300, test.body)
			p := s.pages(false)
			p.size = 3000
			if _, err := s.read(p, nil); failure.NameOf(err) != test.want {
				t.Errorf("%s: got %v, want %s", name, err, test.want)
			}
		}
	}
}

var compressions = map[string]func(io.Writer) (io.WriteCloser, error){"a.json.zst": framed, "a.json.gz": zipped}

// spoiled returns a file with another checksum at its end.
func spoiled(file []byte) []byte {
	file = bytes.Clone(file)
	if bytes.HasPrefix(file, []byte{0x1f, 0x8b}) {
		file[len(file)-5] ^= 1 // four bytes of length follow
	} else {
		file[len(file)-1] ^= 1
	}
	return file
}

// keysUntilDamage returns the keys of the pages that come before the error of a damaged download.
func (s *stored) keysUntilDamage(p *pages) (keys []json.RawMessage) {
	s.t.Helper()
	var page table.Page
	var key json.RawMessage
	for {
		if err := p.Next(s.t.Context(), key, &page); err != nil {
			if !errors.Is(err, scan.ErrDamaged) {
				s.t.Fatal(err)
			}
			return keys
		}
		if key = page.LastEvaluatedKey; key == nil {
			s.t.Fatal("the damage was not seen")
		}
		keys = append(keys, key)
	}
}

var errBroken = errors.New("the connection ended")

// download lets the following downloads have other bodies than the stored ones.
func (s *stored) download(body func(stored []byte) io.Reader) {
	s.in = bucket.New(s3.New(testservers.S3().Options(), func(o *s3.Options) { o.HTTPClient = changing{o.HTTPClient, body} }), run.Plan{Bucket: s.in.Name()})
}

type changing struct {
	s3.HTTPClient
	body func([]byte) io.Reader
}

func (c changing) Do(r *http.Request) (*http.Response, error) {
	answer, err := c.HTTPClient.Do(r)
	if err != nil {
		return nil, err
	}
	stored, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("read what is stored: %w", err)
	}
	answer.Body = struct {
		io.Reader
		io.Closer
	}{c.body(stored), answer.Body}
	return answer, nil
}
