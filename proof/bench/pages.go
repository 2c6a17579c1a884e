package main

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"
)

// pageSize is what DynamoDB reads for one page, in bytes.
const pageSize = 1 << 20

// shape is what the items of a table are like.
type shape struct {
	name string
	size int // of a page, in bytes of JSON
	item func(b []byte, random *rand.Rand) []byte
}

// shapes are the tables that are read. Their items are compact JSON, as DynamoDB sends it, and no two are alike: names repeat, as
// they do in every table, and values are what an application has of its own making: identifiers, times, amounts, words.
func shapes() []shape {
	return []shape{{"orders", pageSize, order}, {"events", pageSize, event}, {"documents", pageSize, document}}
}

// counters are what takes the most memory: items so small that the megabyte that DynamoDB reads is four of JSON.
func counters() shape { return shape{"counters", 4 * pageSize, counter} }

// order has every type of attribute, in items of about 1.2 KB.
func order(b []byte, random *rand.Rand) []byte {
	b = append(b, `{"pk":{"S":"CUSTOMER#`...)
	b = hexadecimal(b, random, 8)
	b = append(b, `"},"sk":{"S":"ORDER#`...)
	b = moment(b, random)
	b = append(b, `"},"status":{"S":"`...)
	b = append(b, statuses[random.IntN(len(statuses))]...)
	b = append(b, `"},"total":{"N":"`...)
	b = amount(b, random)
	b = append(b, `"},"paid":{"BOOL":`...)
	b = strconv.AppendBool(b, random.IntN(3) > 0)
	b = append(b, `},"coupon":{"NULL":true},"customer":{"M":{"name":{"S":"`...)
	b = words(b, random, 2)
	b = append(b, `"},"email":{"S":"`...)
	b = hexadecimal(b, random, 5)
	b = append(b, `@example.com"},"address":{"M":{"street":{"S":"`...)
	b = words(b, random, 3)
	b = append(b, `"},"zip":{"S":"`...)
	b = strconv.AppendInt(b, 10_000+random.Int64N(90_000), 10)
	b = append(b, `"},"geo":{"L":[{"N":"`...)
	b = coordinate(b, random)
	b = append(b, `"},{"N":"`...)
	b = coordinate(b, random)
	b = append(b, `"}]}}}}},"lines":{"L":[`...)
	for i := range 1 + random.IntN(4) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"M":{"sku":{"S":"`...)
		b = hexadecimal(b, random, 6)
		b = append(b, `"},"title":{"S":"`...)
		b = words(b, random, 4)
		b = append(b, `"},"quantity":{"N":"`...)
		b = strconv.AppendInt(b, 1+random.Int64N(9), 10)
		b = append(b, `"},"price":{"N":"`...)
		b = amount(b, random)
		b = append(b, `"}}}`...)
	}
	b = append(b, `]},"tags":{"SS":["`...)
	b = words(b, random, 1)
	b = append(b, `-a","`...)
	b = words(b, random, 1)
	b = append(b, `-b"]},"ratings":{"NS":["`...)
	b = strconv.AppendInt(b, random.Int64N(5), 10)
	b = append(b, `.5","7"]},"digests":{"BS":["`...)
	b = binary(b, random, 16)
	b = append(b, `","`...)
	b = binary(b, random, 16)
	b = append(b, `"]},"signature":{"B":"`...)
	b = binary(b, random, 64)
	b = append(b, `"},"note":{"S":"`...)
	b = words(b, random, 20)
	return append(b, `\n\u2013 \"Müller\", 2. Stock"}}`...)
}

// event is a small item of short attributes: the most structure to the byte, about 260 bytes.
func event(b []byte, random *rand.Rand) []byte {
	b = append(b, `{"id":{"S":"`...)
	b = hexadecimal(b, random, 16)
	b = append(b, `"},"at":{"N":"`...)
	b = strconv.AppendInt(b, 1_700_000_000_000+random.Int64N(1e11), 10)
	b = append(b, `"},"type":{"S":"`...)
	b = append(b, statuses[random.IntN(len(statuses))]...)
	b = append(b, `"},"user":{"S":"`...)
	b = hexadecimal(b, random, 8)
	b = append(b, `"},"ok":{"BOOL":true},"ms":{"N":"`...)
	b = strconv.AppendInt(b, random.Int64N(5000), 10)
	b = append(b, `"},"path":{"S":"/`...)
	b = words(b, random, 2)
	b = append(b, `"},"ttl":{"N":"`...)
	b = strconv.AppendInt(b, 1_700_000_000+random.Int64N(1e8), 10)
	return append(b, `"}}`...)
}

// counter is as small as items are.
func counter(b []byte, random *rand.Rand) []byte {
	b = append(b, `{"id":{"N":"`...)
	b = strconv.AppendInt(b, random.Int64N(1e6), 10)
	b = append(b, `"},"n":{"N":"`...)
	b = strconv.AppendInt(b, random.Int64N(10), 10)
	return append(b, `"}}`...)
}

// document has its text, some 10 KB of it, in one attribute.
func document(b []byte, random *rand.Rand) []byte {
	b = append(b, `{"id":{"S":"`...)
	b = hexadecimal(b, random, 16)
	b = append(b, `"},"at":{"S":"`...)
	b = moment(b, random)
	b = append(b, `"},"version":{"N":"`...)
	b = strconv.AppendInt(b, random.Int64N(100), 10)
	b = append(b, `"},"body":{"S":"`...)
	for range 40 + random.IntN(20) {
		b = words(b, random, 30)
		b = append(b, `.\n`...)
	}
	return append(b, `"}}`...)
}

var (
	statuses   = []string{"DELIVERED", "SHIPPED", "PENDING", "RETURNED", "CANCELLED"}
	vocabulary = []string{
		"lamp", "desk", "walnut", "the", "of", "with", "grey", "Straße", "shelf", "under", "repair", "café", "and", "delivery", "left", "at", "door",
		"brass", "Nachbar", "customer", "asks", "for", "replacement", "screws", "oak", "table", "blue", "chair", "width", "height", "東京", "note",
	}
)

func words(b []byte, random *rand.Rand, n int) []byte {
	for i := range n {
		if i > 0 {
			b = append(b, ' ')
		}
		b = append(b, vocabulary[random.IntN(len(vocabulary))]...)
	}
	return b
}

func hexadecimal(b []byte, random *rand.Rand, n int) []byte {
	for range n {
		b = append(b, "0123456789abcdef"[random.IntN(16)], "0123456789abcdef"[random.IntN(16)])
	}
	return b
}

func binary(b []byte, random *rand.Rand, n int) []byte {
	raw := make([]byte, n)
	for i := range raw {
		raw[i] = byte(random.Uint32())
	}
	return base64.StdEncoding.AppendEncode(b, raw)
}

func amount(b []byte, random *rand.Rand) []byte {
	return fmt.Appendf(b, "%d.%02d", random.IntN(1000), random.IntN(100))
}

func coordinate(b []byte, random *rand.Rand) []byte {
	return fmt.Appendf(b, "%d.%07d", random.IntN(90), random.IntN(10_000_000))
}

func moment(b []byte, random *rand.Rand) []byte {
	return time.Unix(1_700_000_000+random.Int64N(1e8), 0).UTC().AppendFormat(b, time.RFC3339)
}

// page is one answer of Scan but for its LastEvaluatedKey, which differs from page to page: it stands between head and tail.
type page struct {
	head, tail []byte
	items      int
}

// pages returns n different pages of a shape, the same ones every time.
func pages(s shape, n int) []page {
	random := rand.New(rand.NewPCG(20_261_121, uint64(len(s.name)))) //nolint:gosec // sample data, to be the same again
	made := make([]page, n)
	for i := range made {
		items, count := []byte(nil), 0
		for len(items) < s.size {
			if count > 0 {
				items = append(items, ',')
			}
			items = s.item(items, random)
			count++
		}
		made[i] = page{
			head:  fmt.Appendf(nil, `{"ConsumedCapacity":{"CapacityUnits":128.5,"TableName":"bench"},"Count":%d,"Items":[%s]`, count, items),
			tail:  fmt.Appendf(nil, `,"ScannedCount":%d}`, count),
			items: count,
		}
	}
	return made
}
