package main

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"
)

// pageSize is how much DynamoDB reads for one page, in bytes.
const pageSize = 1 << 20

// shape describes the items of a table.
type shape struct {
	name string
	size int // of a page, in bytes of JSON
	item template
}

// shapes are the tables that are read. Their items are compact JSON, as DynamoDB sends it. All items of a table have the same names of
// attributes, but different values: identifiers, times, amounts, words.
func shapes() []shape {
	return []shape{{"orders", pageSize, order}, {"events", pageSize, event}, {"documents", pageSize, document}}
}

// counters is the table that takes the most memory: its items are so small that the megabyte of a page is 4 MB of JSON.
func counters() shape { return shape{"counters", 4 * pageSize, counter} }

// A template is the JSON of an item. Each <name n m> in it stands for a random value.
type template string

const (
	// order has every type of attribute, in items of about 1.2 KB.
	order template = `{"pk":{"S":"CUSTOMER#<hex 8>"},"sk":{"S":"ORDER#<time>"},"status":{"S":"<status>"},"total":{"N":"<amount>"},` +
		`"paid":{"BOOL":<bool>},"coupon":{"NULL":true},"customer":{"M":{"name":{"S":"<words 2>"},"email":{"S":"<hex 5>@example.com"},` +
		`"address":{"M":{"street":{"S":"<words 3>"},"zip":{"S":"<number 10000 100000>"},"geo":{"L":[{"N":"<degrees>"},{"N":"<degrees>"}]}}}}},` +
		`"lines":{"L":[<lines>]},"tags":{"SS":["<words 1>-a","<words 1>-b"]},"ratings":{"NS":["<number 0 5>.5","7"]},` +
		`"digests":{"BS":["<binary 16>","<binary 16>"]},"signature":{"B":"<binary 64>"},"note":{"S":"<words 20>\n\u2013 \"Müller\", 2. Stock"}}`
	line template = `{"M":{"sku":{"S":"<hex 6>"},"title":{"S":"<words 4>"},"quantity":{"N":"<number 1 10>"},"price":{"N":"<amount>"}}}`

	// event is a small item with many short attributes, about 260 bytes.
	event template = `{"id":{"S":"<hex 16>"},"at":{"N":"<number 1700000000000 1800000000000>"},"type":{"S":"<status>"},"user":{"S":"<hex 8>"},` +
		`"ok":{"BOOL":true},"ms":{"N":"<number 0 5000>"},"path":{"S":"/<words 2>"},"ttl":{"N":"<number 1700000000 1800000000>"}}`

	// counter is as small as items are.
	counter template = `{"id":{"N":"<number 0 1000000>"},"n":{"N":"<number 0 10>"}}`

	// document has about 10 KB of text in one attribute.
	document template = `{"id":{"S":"<hex 16>"},"at":{"S":"<time>"},"version":{"N":"<number 0 100>"},"body":{"S":"<sentences>"}}`
)

var (
	statuses   = []string{"DELIVERED", "SHIPPED", "PENDING", "RETURNED", "CANCELLED"}
	vocabulary = []string{
		"lamp", "desk", "walnut", "the", "of", "with", "grey", "Straße", "shelf", "under", "repair", "café", "and", "delivery", "left", "at", "door",
		"brass", "Nachbar", "customer", "asks", "for", "replacement", "screws", "oak", "table", "blue", "chair", "width", "height", "東京", "note",
	}
)

// fill appends the JSON of an item with random values.
func (t template) fill(b []byte, random *rand.Rand) []byte {
	for rest := string(t); ; {
		text, after, found := strings.Cut(rest, "<")
		b = append(b, text...)
		if !found {
			return b
		}
		var name string
		name, rest, _ = strings.Cut(after, ">")
		name, numbers, _ := strings.Cut(name, " ")
		first, second, _ := strings.Cut(numbers, " ")
		n, _ := strconv.ParseInt(first, 10, 64) // what is not given is 0
		m, _ := strconv.ParseInt(second, 10, 64)
		b = value(b, random, name, n, m)
	}
}

// value appends a random value.
func value(b []byte, random *rand.Rand, name string, n, m int64) []byte {
	switch name {
	case "number": // from n to less than m
		return strconv.AppendInt(b, n+random.Int64N(m-n), 10)
	case "amount":
		return fmt.Appendf(b, "%d.%02d", random.IntN(1000), random.IntN(100))
	case "degrees":
		return fmt.Appendf(b, "%d.%07d", random.IntN(90), random.IntN(10_000_000))
	case "time":
		return time.Unix(1_700_000_000+random.Int64N(1e8), 0).UTC().AppendFormat(b, time.RFC3339)
	case "bool":
		return strconv.AppendBool(b, random.IntN(3) > 0)
	case "status":
		return append(b, statuses[random.IntN(len(statuses))]...)
	case "hex": // n bytes
		for range n {
			b = append(b, "0123456789abcdef"[random.IntN(16)], "0123456789abcdef"[random.IntN(16)])
		}
		return b
	case "binary": // n bytes
		raw := make([]byte, n)
		for i := range raw {
			raw[i] = byte(random.Uint32())
		}
		return base64.StdEncoding.AppendEncode(b, raw)
	case "words": // n of them
		for i := range n {
			if i > 0 {
				b = append(b, ' ')
			}
			b = append(b, vocabulary[random.IntN(len(vocabulary))]...)
		}
		return b
	case "sentences":
		for range 40 + random.IntN(20) {
			b = append(value(b, random, "words", 30, 0), `.\n`...)
		}
		return b
	case "lines":
		for i := range 1 + random.IntN(4) {
			if i > 0 {
				b = append(b, ',')
			}
			b = line.fill(b, random)
		}
		return b
	default:
		panic("internal error: a template has " + name)
	}
}

// page is an answer of Scan. The LastEvaluatedKey, which is different for each page, comes between head and tail.
type page struct {
	head, tail []byte
	items      int
}

// pages returns n different pages of a shape, always the same ones.
func pages(s shape, n int) []page {
	all := make([]page, n)
	var making sync.WaitGroup
	for i := range all {
		making.Go(func() { all[i] = s.page(i) })
	}
	making.Wait()
	return all
}

// page returns a page.
func (s shape) page(number int) page {
	random := rand.New(rand.NewPCG(20_261_121, uint64(len(s.name)<<32+number))) //nolint:gosec // the same sample data every time
	items, count := []byte(nil), 0
	for len(items) < s.size {
		if count > 0 {
			items = append(items, ',')
		}
		items = s.item.fill(items, random)
		count++
	}
	return page{
		head:  fmt.Appendf(nil, `{"ConsumedCapacity":{"CapacityUnits":128.5,"TableName":"bench"},"Count":%d,"Items":[%s]`, count, items),
		tail:  fmt.Appendf(nil, `,"ScannedCount":%d}`, count),
		items: count,
	}
}
