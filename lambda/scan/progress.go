package scan

import (
	"sync/atomic"

	"dynamodb-to-s3/lambda/table"
)

// Progress counts what the scans of a process have done, for a progress display. A nil Progress counts nothing. A page that is read
// again after a fault counts again.
type Progress struct {
	items, bytes atomic.Int64
}

// Items returns how many items were encoded.
func (p *Progress) Items() int64 { return p.items.Load() }

// Bytes returns how many bytes of pages were encoded.
func (p *Progress) Bytes() int64 { return p.bytes.Load() }

func (p *Progress) page(read *table.Page) {
	if p == nil {
		return
	}
	p.items.Add(int64(read.Items.Len()))
	p.bytes.Add(read.Bytes)
}
