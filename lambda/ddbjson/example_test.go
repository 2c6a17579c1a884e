package ddbjson_test

import (
	"fmt"
	"os"

	"dynamodb-to-s3/lambda/ddbjson"
)

func Example() {
	body := []byte(`{"Count":2,"Items":[{"id":{"S":"a"},"price":{"N":"12.50"}},{"id":{"S":"b"},"tags":{"SS":["x","y"]}}],"ScannedCount":2}`)

	var p ddbjson.Page
	if err := p.Parse(body); err != nil {
		fmt.Println(err)
		return
	}
	for _, enc := range []ddbjson.Encoder{ddbjson.DynamoDBJSON{}, ddbjson.Ion{}, ddbjson.JSON{}} {
		var out []byte
		for i := range p.Len() {
			var err error
			if out, err = enc.Append(out, p.Item(i)); err != nil {
				fmt.Println(err)
				return
			}
		}
		_, _ = os.Stdout.Write(out)
	}
	fmt.Printf("%s\n", p.Rest())
	// Output:
	// {"Item":{"id":{"S":"a"},"price":{"N":"12.50"}}}
	// {"Item":{"id":{"S":"b"},"tags":{"SS":["x","y"]}}}
	// $ion_1_0 {Item:{id:"a",price:12.50}}
	// $ion_1_0 {Item:{id:"b",tags:$dynamodb_SS::["x","y"]}}
	// {"id":"a","price":12.50}
	// {"id":"b","tags":["x","y"]}
	// {"Count":2,"Items":[],"ScannedCount":2}
}
