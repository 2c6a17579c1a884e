package schema

import (
	"fmt"
	"testing"
)

// BenchmarkAdd learns from small items with all types. Its bytes are those of the items.
func BenchmarkAdd(b *testing.B) {
	var items [][]byte
	size := 0
	for i := range 1000 {
		item := fmt.Appendf(nil, `{"pk":{"S":"CUSTOMER#%08d"},"sk":{"S":"ORDER#2024-03-%02dT10:00:00.000Z"},"status":{"S":"DELIVERED"},"total":{"N":"%d.%02d"},`+
			`"paid":{"BOOL":true},"coupon":{"NULL":true},"tags":{"SS":["express","gift","repeat-customer"]},"ratings":{"NS":["5","4.5","3"]},`+
			`"note":{"S":"Please ring at the neighbour's, 2nd floor. \"M\u00fcller\"\nThank you for all that you have done!"},`+
			`"address":{"M":{"street":{"S":"Hauptstraße 12"},"zip":{"S":"10115"},"geo":{"M":{"lat":{"N":"52.5200066"},"lon":{"N":"13.404954"}}}}},`+
			`"lines":{"L":[{"M":{"sku":{"S":"SKU-%05d"},"qty":{"N":"2"}}},{"M":{"sku":{"S":"SKU-7"},"qty":{"N":"1"}}}]}}`, i*7919, i%28+1, i, i%100, i)
		items, size = append(items, item), size+len(item)
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
