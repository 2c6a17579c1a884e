package plan

import (
	"fmt"

	"dynamodb-to-s3/lambda/problem"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/table"
)

const (
	// mostObjects is how many objects finalize has time for in its 900 s. docs/scale.md has the figures.
	mostObjects = 5_000_000
	// A table's size divided by one of these is the least that its objects have: text that compresses well shrinks to a tenth, and JSON
	// mostly has more bytes than DynamoDB counts.
	leastCompressed, leastPlain = 10, 2
)

// checkObjects refuses a scan that would make too many objects for finalize, before the scan reads anything. It allows every scan with a
// filter or a projection: nobody knows how much these leave.
func checkObjects(req request.Request, described table.Description) error {
	scan := req.Scan
	if leavesOut(*scan) {
		return nil
	}
	bytes := described.Bytes
	if scan.Segment != nil {
		bytes /= *scan.TotalSegments
	}
	least := int64(leastCompressed)
	if req.Compression == request.CompressionNone {
		least = leastPlain
	}
	bytes /= least
	if objects := bytes / *req.FileSize; objects > mostObjects {
		return problem.List{{
			Path: "fileSizeBytes", Got: fmt.Sprintf("%d, which makes about %d objects or more of a table of %d bytes", *req.FileSize, objects, described.Bytes),
			Want: fmt.Sprintf("%d or more: a run can commit %d objects", bytes/mostObjects+1, mostObjects),
		}}.Err()
	}
	return nil
}

// leavesOut reports whether a scan leaves out items or attributes.
func leavesOut(scan request.Scan) bool {
	return scan.FilterExpression != "" || scan.ProjectionExpression != "" || len(scan.ScanFilter) > 0 || len(scan.AttributesToGet) > 0
}
