package schema

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkAdd learns from items like those of the benchmarks of the whole program. Its bytes are those of the items.
func BenchmarkAdd(b *testing.B) {
	b.Run("orders", func(b *testing.B) { // all types, 1.2 KB
		benchmarkAdd(b, 1000, func(i int) []byte {
			line := fmt.Sprintf(`{"M":{"sku":{"S":"%012x"},"title":{"S":"walnut desk of Straße"},"quantity":{"N":"%d"},"price":{"N":"%d.%02d"}}}`, i*7919, i%9+1, i%1000, i%99+1)
			return fmt.Appendf(nil, `{"pk":{"S":"CUSTOMER#%016x"},"sk":{"S":"ORDER#2024-03-%02dT10:00:00Z"},"status":{"S":"DELIVERED"},"total":{"N":"%d.%02d"},`+
				`"paid":{"BOOL":%t},"coupon":{"NULL":true},"customer":{"M":{"name":{"S":"café brass"},"email":{"S":"%010x@example.com"},`+
				`"address":{"M":{"street":{"S":"shelf under Nachbar"},"zip":{"S":"%d"},"geo":{"L":[{"N":"%d.%07d"},{"N":"%d.%07d"}]}}}}},`+
				`"lines":{"L":[%s]},"tags":{"SS":["lamp-a","door-b"]},"ratings":{"NS":["%d.5","7"]},`+
				`"digests":{"BS":["3q2+7wAAAAAAAAAAAAAAAA==","yv66vgAAAAAAAAAAAAAAAA=="]},"signature":{"B":"%s=="},"note":{"S":"%s\n\u2013 \"Müller\", 2. Stock"}}`,
				i*7919, i%28+1, i%1000, i%100, i%3 > 0, i*31, i%90_000+10_000, i%90, i*7919%10_000_000, i%90, i*104_729%10_000_000,
				strings.TrimSuffix(strings.Repeat(line+",", 1+i%4), ","), i%5, strings.Repeat("iVBORw0KGgo", 8)[:86], strings.Repeat("asks for replacement ", 6))
		})
	})
	b.Run("events", func(b *testing.B) { // short attributes, 260 bytes
		benchmarkAdd(b, 4000, func(i int) []byte {
			return fmt.Appendf(nil, `{"id":{"S":"%032x"},"at":{"N":"%d"},"type":{"S":"%s"},"user":{"S":"%016x"},"ok":{"BOOL":true},"ms":{"N":"%d"},"path":{"S":"/lamp oak"},"ttl":{"N":"%d"}}`,
				i*7919, 1_700_000_000_000+i*7919, []string{"DELIVERED", "SHIPPED", "PENDING"}[i%3], i*31, i*31%5000, 1_700_000_000+i*31)
		})
	})
	b.Run("documents", func(b *testing.B) { // 10 KB of text in one attribute
		benchmarkAdd(b, 100, func(i int) []byte {
			return fmt.Appendf(nil, `{"id":{"S":"%032x"},"at":{"S":"2024-03-%02dT10:00:00Z"},"version":{"N":"%d"},"body":{"S":"%s"}}`,
				i*7919, i%28+1, i, strings.Repeat(strings.Repeat("repair walnut 東京 café delivery ", 6)+`.\n`, 40+i%20))
		})
	})
}

func benchmarkAdd(b *testing.B, count int, item func(i int) []byte) {
	b.Helper()
	var items [][]byte
	size := 0
	for i := range count {
		items = append(items, item(i))
		size += len(items[i])
	}
	tree := new(Tree)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		for _, item := range items {
			if err := tree.Add(item); err != nil {
				b.Fatal(err)
			}
		}
	}
}
