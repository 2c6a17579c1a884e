package scan

import (
	"sync/atomic"

	"dynamodb-to-s3/lambda/table"
)

// Progress counts the items, and the bytes of the pages, that the scans of a process have encoded, for a progress display. A nil
// Progress counts nothing. A page that is read again after a fault counts again.
type Progress struct{ Items, Bytes atomic.Int64 }

func (p *Progress) page(read *table.Page) {
	if p == nil {
		return
	}
	p.Items.Add(int64(read.Items.Len()))
	p.Bytes.Add(read.Bytes)
}
