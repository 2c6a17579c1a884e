package main

import (
	"crypto/md5" //nolint:gosec // what ETags and manifests have
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
)

// try is the try of all invocations.
const try = "0a1b2c3d"

// segmentList is the list of an invocation. head is the same without objects.
func (s *simulatedRun) segmentList(segment, invocation int) run.SegmentList {
	list := s.head(segment, invocation)
	list.Plan = s.input().Plan.Digest()
	for i := range s.objects {
		list.Objects = append(list.Objects, s.object(segment*s.invocations*s.objects+list.FirstPart+i))
	}
	return list
}

func (s *simulatedRun) head(segment, invocation int) run.SegmentList {
	first := invocation * s.objects
	list := run.SegmentList{
		Version: run.Version, Segment: segment, Invocation: invocation, Try: try, FirstPart: first, NextPart: first + s.objects,
		Start: position(invocation), End: position(invocation + 1), Totals: run.Totals{Items: int64(s.objects)},
		StartTime: time.Unix(1e9, 0), EndTime: time.Unix(1e9+900, 0),
	}
	if invocation > 0 {
		list.After = try
	}
	if invocation == s.invocations-1 {
		list.Done, list.End = true, ""
	}
	return list
}

// object is an object of the run, by its number.
func (s *simulatedRun) object(i int) run.Object {
	each := s.invocations * s.objects
	key := s.layout.Data(i/each, i%each, try, run.ScanPlan{Compression: request.CompressionGZIP}.Extension())
	sum := md5.Sum([]byte(key)) //nolint:gosec // see the import
	return run.Object{
		Key: key, Items: 1, Bytes: request.DefaultFileSize, MD5: base64.StdEncoding.EncodeToString(sum[:]),
		UploadID: "1", Parts: slices.Repeat([]run.Part{{ETag: hex.EncodeToString(sum[:]), CRC32: "AAAAAA=="}}, 16),
	}
}

// position is the position between two invocations. It has the length of a digest.
func position(invocation int) string {
	if invocation == 0 {
		return ""
	}
	return fmt.Sprintf("%064d", invocation)
}

// number returns the number of the first object whose key comes after a key in the folder data.
func (s *simulatedRun) number(after string) int {
	name, inData := strings.CutPrefix(after, s.layout.DataPrefix())
	if !inData {
		return 0
	}
	var segment, part int
	if n, _ := fmt.Sscanf(name, "%06d-%06d", &segment, &part); n < 2 {
		part = -1
	}
	return segment*s.invocations*s.objects + part + 1
}
