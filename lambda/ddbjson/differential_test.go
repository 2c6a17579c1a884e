package ddbjson_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"hash/crc32"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"dynamodb-to-s3/lambda/ddbjson"
)

// roundTrip answers every request with the same body and its checksum.
type roundTrip []byte

func (body roundTrip) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, ProtoMajor: 1, ProtoMinor: 1, Request: r, ContentLength: int64(len(body)),
		Header: http.Header{
			"Content-Type": {"application/x-amz-json-1.0"},
			"X-Amz-Crc32":  {strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10)},
		},
		Body: io.NopCloser(bytes.NewReader(body)),
	}, nil
}

var table = "table"

// scan returns the SDK's result for the answer body.
func scan(ctx context.Context, body []byte) (*dynamodb.ScanOutput, error) {
	client := dynamodb.New(dynamodb.Options{
		Region:           "us-east-1",
		Credentials:      credentials.NewStaticCredentialsProvider("id", "secret", ""),
		HTTPClient:       &http.Client{Transport: roundTrip(body)},
		RetryMaxAttempts: 1,
	})
	return client.Scan(ctx, &dynamodb.ScanInput{TableName: &table})
}

// FuzzDifferential gives one answer to the SDK and to this package, and compares the results.
func FuzzDifferential(f *testing.F) {
	for seed := range uint64(200) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		a := generate(seed)
		want, err := scan(t.Context(), a.body)
		if err != nil {
			t.Fatalf("the SDK refuses what was generated: %v", err)
		}
		if len(want.Items) != len(a.items) {
			t.Fatalf("the SDK finds %d items of %d", len(want.Items), len(a.items))
		}

		var p ddbjson.Page
		if err := p.Parse(slices.Clone(a.body)); err != nil {
			t.Fatal(err)
		}
		if p.Len() != len(a.items) {
			t.Fatalf("Len = %d, want %d", p.Len(), len(a.items))
		}
		for i, item := range a.items {
			checkItem(t, p.Item(i), item)
			compareItem(t, p.Item(i), want.Items[i])
		}
		compareRest(t, p.Rest(), want)
	})
}

// compareItem fails unless the records of item have what the SDK found in it.
func compareItem(t *testing.T, item []byte, want map[string]types.AttributeValue) {
	t.Helper()
	record, err := ddbjson.DynamoDBJSON{}.Append(nil, item)
	if err != nil {
		t.Fatal(err)
	}
	var line struct{ Item json.RawMessage }
	if err = json.Unmarshal(record, &line); err != nil {
		t.Fatal(err)
	}
	got, err := attributevalue.UnmarshalMapJSON(line.Item)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(want, got) {
		t.Fatalf("the DynamoDBJSON record %s is not what the SDK finds in %s", record, item)
	}

	if record, err = (ddbjson.JSON{}).Append(nil, item); err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(record))
	decoder.UseNumber()
	var decoded any
	if err = decoder.Decode(&decoded); err != nil {
		t.Fatal(err)
	}
	if !equal(t, plainMap(want), decoded) {
		t.Fatalf("the JSON record %s is not what the SDK finds in %s", record, item)
	}
	compareIon(t, item, want)
}

// equal compares two trees of plain JSON. JSON numbers must have the same spelling, other numbers the same value. cmp.Diff is no
// help: it compares the elements of a list twice, and so those at level 32 four billion times.
func equal(t *testing.T, a, b any) bool {
	t.Helper()
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, b, func(a, b any) bool { return equal(t, a, b) })
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, func(a, b any) bool { return equal(t, a, b) })
	case json.Number:
		b, ok := b.(json.Number)
		return ok && (a == b || !jsonNumber.MatchString(a.String()) && sameNumber(t, a.String(), b.String()))
	}
	return a == b
}

// compareRest fails unless the SDK finds in rest everything that it found in the whole answer, except items.
func compareRest(t *testing.T, rest []byte, whole *dynamodb.ScanOutput) {
	t.Helper()
	got, err := scan(t.Context(), rest)
	if err != nil {
		t.Fatalf("the SDK refuses Rest: %v", err)
	}
	if len(got.Items) != 0 || (got.Items == nil) != (whole.Items == nil) {
		t.Fatalf("Rest has %d items", len(got.Items))
	}
	want := *whole
	want.Items, got.Items = nil, nil
	want.ResultMetadata = got.ResultMetadata // of the two requests
	if !reflect.DeepEqual(want, *got) {
		t.Fatal("the SDK finds something else in Rest than in the whole answer")
	}
}

// plain returns plain JSON in the simple way, as encoding/json decodes it with UseNumber.
func plain(v types.AttributeValue) any {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberN:
		return json.Number(v.Value)
	case *types.AttributeValueMemberB:
		return base64.StdEncoding.EncodeToString(v.Value)
	case *types.AttributeValueMemberBOOL:
		return v.Value
	case *types.AttributeValueMemberNULL:
		return nil
	case *types.AttributeValueMemberM:
		return plainMap(v.Value)
	case *types.AttributeValueMemberL:
		return plainList(v.Value, plain)
	case *types.AttributeValueMemberSS:
		return plainList(v.Value, func(s string) any { return s })
	case *types.AttributeValueMemberNS:
		return plainList(v.Value, func(s string) any { return json.Number(s) })
	case *types.AttributeValueMemberBS:
		return plainList(v.Value, func(b []byte) any { return base64.StdEncoding.EncodeToString(b) })
	}
	panic("internal error: not one of the ten types")
}

func plainMap(m map[string]types.AttributeValue) map[string]any {
	out := make(map[string]any, len(m))
	for name, v := range m {
		out[name] = plain(v)
	}
	return out
}

func plainList[T any](list []T, convert func(T) any) []any {
	out := make([]any, 0, len(list))
	for _, v := range list {
		out = append(out, convert(v))
	}
	return out
}

func TestRecordsAgreeWithTheSDK(t *testing.T) {
	for _, tt := range records {
		t.Run(tt.name, func(t *testing.T) {
			if tt.name == "B is not decoded" {
				t.Skip("see TestWhereTheSDKDiffers")
			}
			got, err := scan(t.Context(), []byte(`{"Items":[`+tt.item+`]}`))
			if err != nil {
				t.Fatal(err)
			}
			compareItem(t, []byte(tt.item), got.Items[0])
		})
	}
}

func TestPageOfOrdersAgreesWithTheSDK(t *testing.T) {
	body := orders(100_000)
	want, err := scan(t.Context(), body)
	if err != nil {
		t.Fatal(err)
	}
	var p ddbjson.Page
	if err = p.Parse(body); err != nil {
		t.Fatal(err)
	}
	if p.Len() != len(want.Items) {
		t.Fatalf("Len = %d, want %d", p.Len(), len(want.Items))
	}
	for i, item := range want.Items {
		compareItem(t, p.Item(i), item)
	}
	compareRest(t, p.Rest(), want)
}

// TestWhereTheSDKDiffers defines what happens to items that the SDK and this package judge differently. DynamoDB sends none of
// them.
func TestWhereTheSDKDiffers(t *testing.T) {
	for _, tt := range []struct {
		name             string
		item             string
		sdk, parse, json bool // who accepts it
	}{
		{"B that is not base64 is passed on as sent", `{"a":{"B":"!"}}`, false, true, true},
		{"BS that is not base64 is passed on as sent", `{"a":{"BS":["!"]}}`, false, true, true},
		{"N that is not a number is an error only for JSON", `{"a":{"N":"ten"}}`, true, true, false},
		{"NULL of false", `{"a":{"NULL":false}}`, true, true, false},
		{"an unknown type", `{"a":{"X":"x"}}`, true, true, false},
		{"no type", `{"a":{}}`, true, true, false},
		{"two types", `{"a":{"S":"x","N":"1"}}`, false, true, false},
		{"a null for an attribute value", `{"a":null}`, true, true, false},
		{"S of a number", `{"a":{"S":1}}`, false, true, false},
		{"plain JSON", `{"a":"x"}`, false, true, false},
		{"a name that occurs twice", `{"a":{"S":"x"},"a":{"S":"y"}}`, true, false, true},
		{"deeper than MaxDepth", `{"a":` + nested(ddbjson.MaxDepth/2, `{"L":[`, `{"S":"x"}`, `]}`) + `}`, true, false, false},
		{"bytes that are not UTF-8, which Parse refuses", "{\"a\":{\"S\":\"\xff\"}}", true, false, true},
		{"a control character", "{\"a\":{\"S\":\"\x01\"}}", false, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body := []byte(`{"Items":[` + tt.item + `]}`)
			if _, err := scan(t.Context(), body); (err == nil) != tt.sdk {
				t.Errorf("the SDK: %v, want success %t", err, tt.sdk)
			}
			var p ddbjson.Page
			if err := p.Parse(body); (err == nil) != tt.parse {
				t.Errorf("Parse: %v, want success %t", err, tt.parse)
			}
			if _, err := (ddbjson.JSON{}).Append(nil, []byte(tt.item)); (err == nil) != tt.json {
				t.Errorf("JSON: %v, want success %t", err, tt.json)
			}
		})
	}
}
