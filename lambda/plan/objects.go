package plan

import (
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/table"
)

const (
	// mostObjects is how many objects finalize has time for in its 900 s; docs/scale.md has the figures.
	mostObjects = 5_000_000
	// Objects have at least one of so many bytes of the table: text shrinks to a tenth if it shrinks well, and JSON is larger
	// than what DynamoDB counts, mostly.
	leastCompressed, leastPlain = 10, 2
)

// checkObjects refuses a scan that would end, after all has been read, in a finalize that has too many objects to look at. How
// much a filter or a projection leaves nobody knows before: such a scan is not judged.
func checkObjects(req request.Request, described table.Description) error {
	scan := req.Scan
	if scan.FilterExpression != "" || scan.ProjectionExpression != "" || len(scan.ScanFilter) > 0 || len(scan.AttributesToGet) > 0 {
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
		return failure.Errorf(failure.InvalidRequest,
			"invalid request: fileSizeBytes: %d would make some %d objects or more of a table of %d bytes, and a run can commit %d: give %d or more",
			*req.FileSize, objects, described.Bytes, mostObjects, bytes/mostObjects+1)
	}
	return nil
}
