package scan

import (
	"sync/atomic"

	"dynamodb-to-s3/lambda/table"
)

// Progress counts the items that the scans of a process have read, before any filter, and the bytes of the pages, for a progress
// display. A nil Progress counts nothing. A page that is read again after a fault counts again.
type Progress struct{ Scanned, Bytes atomic.Int64 }

func (p *Progress) page(read *table.Page) {
	if p == nil {
		return
	}
	p.Scanned.Add(read.Scanned)
	p.Bytes.Add(read.Bytes)
}
