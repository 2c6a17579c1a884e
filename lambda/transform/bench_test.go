package transform_test

import (
	"fmt"
	"testing"

	"dynamodb-to-s3/lambda/ddbjson"
	"dynamodb-to-s3/lambda/transform"
)

// BenchmarkTransform reports the bytes of DynamoDB JSON a second. The first case has no expression.
func BenchmarkTransform(b *testing.B) {
	item := []byte(fmt.Sprintf(`{"orderId":{"S":"order-%08d"},"status":{"S":"shipped"},"total":{"N":"%d.%02d"},"paid":{"BOOL":true},"tags":{"SS":["gift","b2b"]},`+
		`"lines":{"L":[{"M":{"sku":{"S":"lamp-%d"},"quantity":{"N":"%d"}}},{"M":{"sku":{"S":"desk-%d"},"quantity":{"N":"1"}}}]},"signature":{"B":"%x"}}`,
		7, 79_190, 12, 217, 7, 119, 18_581_050_327))
	b.Run("JSON", func(b *testing.B) {
		b.SetBytes(int64(len(item)))
		b.ReportAllocs()
		var out []byte
		for b.Loop() {
			var err error
			if out, err = (ddbjson.JSON{}).Append(out[:0], item); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, expression := range []string{`.`, `{orderId, total}`, `.lines[]`} {
		b.Run(expression, func(b *testing.B) {
			compiled, err := transform.Compile(expression)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(item)))
			b.ReportAllocs()
			var out []byte
			for b.Loop() {
				if out, _, err = compiled.Append(b.Context(), out[:0], item); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
