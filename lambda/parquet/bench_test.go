package parquet_test

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/parquet"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/schema"

	"github.com/klauspost/compress/gzip"
)

// BenchmarkWrite writes files of 32 MiB of items, of the tables that proof/bench measures. Its bytes are those of the items. It also reports the
// size of the file, where that of the same items as DynamoDB JSON with GZIP is 1.
func BenchmarkWrite(b *testing.B) {
	for name, item := range map[string]func(*rand.Rand) string{"orders": order, "events": event, "documents": document} {
		items, size := many(item, 32<<20)
		tree := new(schema.Tree)
		for _, item := range items {
			if err := tree.Add(item); err != nil {
				b.Fatal(err)
			}
		}
		zipped := zip(b, items)
		for _, compression := range []request.Compression{request.CompressionZSTD, request.CompressionSnappy, request.CompressionGZIP, request.CompressionNone} {
			b.Run(name+"/"+string(compression), func(b *testing.B) {
				w, err := parquet.NewWriter(schema.Decide(tree, schema.Options{}), parquet.Options{Compression: compression})
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(int64(size))
				b.ReportAllocs()
				var file written
				begun, n := cpu(b), 0
				for b.Loop() {
					n++
					file = 0
					w.Reset(&file)
					for _, item := range items {
						if _, err := w.Write(item); err != nil {
							b.Fatal(err)
						}
					}
					if err := w.Close(); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(n)*float64(size)/1e6/(cpu(b)-begun).Seconds(), "MB/cpu-s")
				b.ReportMetric(float64(file)/float64(zipped), "of-gzip")
			})
		}
	}
}

// cpu returns the CPU time of the process.
func cpu(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// zip returns how large the items are as DynamoDB JSON with GZIP.
func zip(b *testing.B, items [][]byte) (size written) {
	z, err := gzip.NewWriterLevel(&size, gzip.BestSpeed)
	for _, item := range items {
		if err == nil {
			_, err = fmt.Fprintf(z, "{\"Item\":%s}\n", item)
		}
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		b.Fatal(err)
	}
	return size
}

// written counts bytes.
type written int64

func (w *written) Write(b []byte) (int, error) {
	*w += written(len(b))
	return len(b), nil
}

// many returns items of at least size bytes in total.
func many(item func(*rand.Rand) string, size int) (items [][]byte, total int) {
	r := rand.New(rand.NewPCG(20_261_121, 6)) //nolint:gosec // the same sample data every time
	for total < size {
		items = append(items, []byte(item(r)))
		total += len(items[len(items)-1])
	}
	return items, total
}

var vocabulary = strings.Fields("lamp desk walnut the of with grey Straße shelf under repair café and delivery left at door brass Nachbar customer asks for " +
	"replacement screws oak table blue chair width height 東京 note")

func words(r *rand.Rand, n int) string {
	out := make([]string, n)
	for i := range out {
		out[i] = vocabulary[r.IntN(len(vocabulary))]
	}
	return strings.Join(out, " ")
}

func random(r *rand.Rand, n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(r.Uint32())
	}
	return out
}

func hex(r *rand.Rand, n int) string { return fmt.Sprintf("%x", random(r, n)) }

func binary(r *rand.Rand, n int) string { return base64.StdEncoding.EncodeToString(random(r, n)) }

func amount(r *rand.Rand) string { return fmt.Sprintf("%d.%02d", r.IntN(1000), r.IntN(100)) }

func instant(r *rand.Rand) string {
	return fmt.Sprintf("20%02d-%02d-%02dT%02d:%02d:%02dZ", 23+r.IntN(4), 1+r.IntN(12), 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60))
}

func status(r *rand.Rand) string {
	return []string{"DELIVERED", "SHIPPED", "PENDING", "RETURNED", "CANCELLED"}[r.IntN(5)]
}

// order has every type of attribute, in items of about 1.2 KB.
func order(r *rand.Rand) string {
	var lines []string
	for range 1 + r.IntN(4) {
		lines = append(lines, fmt.Sprintf(`{"M":{"sku":{"S":"%s"},"title":{"S":"%s"},"quantity":{"N":"%d"},"price":{"N":"%s"}}}`, hex(r, 6), words(r, 4), 1+r.IntN(9), amount(r)))
	}
	return fmt.Sprintf(`{"pk":{"S":"CUSTOMER#%s"},"sk":{"S":"ORDER#%s"},"status":{"S":"%s"},"total":{"N":"%s"},`+
		`"paid":{"BOOL":%t},"coupon":{"NULL":true},"customer":{"M":{"name":{"S":"%s"},"email":{"S":"%s@example.com"},`+
		`"address":{"M":{"street":{"S":"%s"},"zip":{"S":"%d"},"geo":{"L":[{"N":"%d.%07d"},{"N":"%d.%07d"}]}}}}},`+
		`"lines":{"L":[%s]},"tags":{"SS":["%s-a","%s-b"]},"ratings":{"NS":["%d.5","7"]},`+
		`"digests":{"BS":["%s","%s"]},"signature":{"B":"%s"},"note":{"S":"%s\n\u2013 \"Müller\", 2. Stock"}}`,
		hex(r, 8), instant(r), status(r), amount(r), r.IntN(3) > 0, words(r, 2), hex(r, 5), words(r, 3), 10000+r.IntN(90000),
		r.IntN(90), r.IntN(1e7), r.IntN(90), r.IntN(1e7), strings.Join(lines, ","), words(r, 1), words(r, 1), r.IntN(5), binary(r, 16), binary(r, 16), binary(r, 64), words(r, 20))
}

// event is a small item with many short attributes, about 260 bytes.
func event(r *rand.Rand) string {
	return fmt.Sprintf(`{"id":{"S":"%s"},"at":{"N":"%d"},"type":{"S":"%s"},"user":{"S":"%s"},"ok":{"BOOL":true},"ms":{"N":"%d"},"path":{"S":"/%s"},"ttl":{"N":"%d"}}`,
		hex(r, 16), 1_700_000_000_000+r.Int64N(1e11), status(r), hex(r, 8), r.IntN(5000), words(r, 2), 1_700_000_000+r.Int64N(1e8))
}

// document has about 10 KB of text in one attribute.
func document(r *rand.Rand) string {
	var body strings.Builder
	for range 40 + r.IntN(20) {
		body.WriteString(words(r, 30) + `.\n`)
	}
	return fmt.Sprintf(`{"id":{"S":"%s"},"at":{"S":"%s"},"version":{"N":"%d"},"body":{"S":"%s"}}`, hex(r, 16), instant(r), r.IntN(100), body.String())
}
