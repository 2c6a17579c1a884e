package encoder_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"strings"

	"dynamodb-to-s3/lambda/encoder"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
)

// prices writes a line of CSV for each line of an order.
type prices struct{}

// order has the attributes that a record needs. Numbers stay text, with all their digits.
type order struct {
	ID    string `dynamodbav:"orderId"`
	Lines []struct {
		SKU   string                `dynamodbav:"sku"`
		Price attributevalue.Number `dynamodbav:"price"`
	} `dynamodbav:"lines"`
}

func (prices) Append(_ context.Context, dst, item []byte) ([]byte, int, error) {
	attributes, err := attributevalue.UnmarshalMapJSON(item)
	if err != nil {
		return dst, 0, fmt.Errorf("decode item: %T", err) // the decoder's message might show values
	}
	var o order
	if err := attributevalue.UnmarshalMap(attributes, &o); err != nil {
		return dst, 0, fmt.Errorf("item is not an order: %T", err)
	}
	lines := bytes.NewBuffer(dst)
	w := csv.NewWriter(lines)
	for _, line := range o.Lines {
		_ = w.Write([]string{o.ID, line.SKU, string(line.Price)}) // a buffer never fails
	}
	w.Flush()
	return lines.Bytes(), len(o.Lines), nil
}

func init() {
	encoder.Register(encoder.Format{Name: "prices", Extension: ".csv", New: func() (encoder.Encoder, error) { return prices{}, nil }})
}

func Example() {
	// A run with {"encoder": "prices"} in its request does the same.
	format, _ := encoder.Lookup("prices")
	encoder, err := format.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	item := `{"orderId":{"S":"o-1"},"lines":{"L":[
		{"M":{"sku":{"S":"lamp, green"},"price":{"N":"12.50"}}},
		{"M":{"sku":{"S":"desk"},"price":{"N":"12345678901234567890123456789012345.678"}}}]}}`
	out, records, err := encoder.Append(context.Background(), nil, []byte(item))
	fmt.Println(strings.TrimSpace(string(out)))
	fmt.Println(records, "records,", format.Extension, err)
	// Output:
	// o-1,"lamp, green",12.50
	// o-1,desk,12345678901234567890123456789012345.678
	// 2 records, .csv <nil>
}
