package ddbjson_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"dynamodb-to-s3/lambda/ddbjson"
)

// orders returns an answer to Scan of at least size bytes: a shop's orders, with all ten types.
func orders(size int) []byte {
	b := []byte(`{"ConsumedCapacity":{"CapacityUnits":128.5,"TableName":"orders"},"Count":1000,"Items":[`)
	for i := 0; len(b) < size; i++ {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, `{"pk":{"S":"CUSTOMER#%08d"},"sk":{"S":"ORDER#2024-03-%02dT10:%02d:%02d.000Z#%06d"},`+
			`"status":{"S":"DELIVERED"},"total":{"N":"%d.%02d"},"currency":{"S":"EUR"},"paid":{"BOOL":true},"coupon":{"NULL":true},`+
			`"note":{"S":"Bitte beim Nachbarn klingeln \u2013 \"M\u00fcller\", 2. Stock. Café Crème, 東京.\nDanke!"},`+
			`"tags":{"SS":["express","gift","repeat-customer"]},"ratings":{"NS":["5","4.5","3"]},`+
			`"signature":{"B":"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="},`+
			`"digests":{"BS":["3q2+7w==","yv66vg=="]},`+
			`"address":{"M":{"street":{"S":"Hauptstraße 12"},"zip":{"S":"10115"},"geo":{"M":{"lat":{"N":"52.5200066"},"lon":{"N":"13.404954"}}}}},`+
			`"lines":{"L":[{"M":{"sku":{"S":"SKU-%05d"},"qty":{"N":"2"},"price":{"N":"19.99"}}},{"M":{"sku":{"S":"SKU-%05d"},"qty":{"N":"1"},"price":{"N":"5"}}}]}}`,
			i*7919%100_000_000, i%28+1, i%60, i*7%60, i, i%1000, i%100, i*31%100_000, i*17%100_000)
	}
	return append(b, `],"ScannedCount":1000,"LastEvaluatedKey":{"pk":{"S":"CUSTOMER#00000001"},"sk":{"S":"ORDER#1"}}}`...)
}

const pageSize = 1 << 20 // the bytes that DynamoDB reads for a page

func BenchmarkParse(b *testing.B) { benchmarkParse(b, orders(pageSize)) }

func benchmarkParse(b *testing.B, body []byte) {
	b.Helper()
	var p ddbjson.Page
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Parse(body); err != nil {
			b.Fatal(err)
		}
	}
	if p.Len() == 0 || !json.Valid(p.Item(p.Len()-1)) {
		b.Fatalf("Len() = %d and the last item is not JSON", p.Len())
	}
}

// BenchmarkParseAttributes parses small items of short attributes, the most names for each byte.
func BenchmarkParseAttributes(b *testing.B) {
	body := []byte(`{"Items":[`)
	for i := 0; len(body) < pageSize; i++ {
		if i > 0 {
			body = append(body, ',')
		}
		body = fmt.Appendf(body, `{"id":{"S":"%032x"},"at":{"N":"%d"},"type":{"S":"%s"},"ok":{"BOOL":%t},"milliseconds":{"N":"%d"},"path":{"S":"/table/%d"}}`,
			i*7919, 1_700_000_000_000+i, []string{"DELIVERED", "SHIPPED", "PENDING"}[i%3], i%5 > 0, i*31%5000, i%100)
	}
	body = append(body, `]}`...)
	benchmarkParse(b, body)
}

// BenchmarkParseString parses an item of 400 KB, DynamoDB's limit, in one string.
func BenchmarkParseString(b *testing.B) {
	for _, tt := range largeStrings {
		b.Run(tt.name, func(b *testing.B) {
			body := []byte(`{"Items":[` + largeItem(tt.unit) + `]}`)
			var p ddbjson.Page
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if err := p.Parse(body); err != nil {
					b.Fatal(err)
				}
			}
			if p.Len() != 1 || len(p.Item(0)) != len(largeItem(tt.unit)) {
				b.Fatalf("Len() = %d", p.Len())
			}
		})
	}
}

func BenchmarkDynamoDBJSON(b *testing.B) { benchmarkEncoder(b, ddbjson.DynamoDBJSON{}) }

func BenchmarkJSON(b *testing.B) { benchmarkEncoder(b, ddbjson.JSON{}) }

func BenchmarkIon(b *testing.B) { benchmarkEncoder(b, ddbjson.Ion{}) }

// BenchmarkParseDynamoDBJSON does everything that a page needs in the default format.
func BenchmarkParseDynamoDBJSON(b *testing.B) {
	body := orders(pageSize)
	var p ddbjson.Page
	var out []byte
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Parse(body); err != nil {
			b.Fatal(err)
		}
		out = encodeAll(b, ddbjson.DynamoDBJSON{}, &p, out[:0])
	}
	checkRecords(b, &p, out)
}

// benchmarkEncoder measures enc alone, in bytes of the items.
func benchmarkEncoder(b *testing.B, enc ddbjson.Encoder) {
	body := orders(pageSize)
	var p ddbjson.Page
	if err := p.Parse(body); err != nil {
		b.Fatal(err)
	}
	var out []byte
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		out = encodeAll(b, enc, &p, out[:0])
	}
	checkRecords(b, &p, out)
}

func encodeAll(tb testing.TB, enc ddbjson.Encoder, p *ddbjson.Page, dst []byte) []byte {
	tb.Helper()
	for i := range p.Len() {
		var err error
		if dst, err = enc.Append(dst, p.Item(i)); err != nil {
			tb.Fatal(err)
		}
	}
	return dst
}

// checkRecords fails unless out is one line of Ion or JSON for each item of p.
func checkRecords(tb testing.TB, p *ddbjson.Page, out []byte) {
	tb.Helper()
	n := 0
	for line := range bytes.Lines(out) {
		if !bytes.HasPrefix(line, []byte("$ion_1_0 ")) && !json.Valid(line) {
			tb.Fatalf("record %d is neither Ion nor JSON", n)
		}
		n++
	}
	if n == 0 || n != p.Len() {
		tb.Fatalf("%d records of %d items", n, p.Len())
	}
}
