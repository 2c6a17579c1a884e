package run

import (
	"crypto/md5" //nolint:gosec // S3 forms the ETag with it
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
)

// Object is one data object. Its bytes are in S3 as the parts of an upload. Nobody sees the object before finalize completes the upload.
type Object struct {
	Key string `json:"key"`
	// Items counts the object's records, like the manifest's itemCount: one for each item, unless a transform or an encoder makes
	// more or fewer.
	Items int64 `json:"items"`
	Bytes int64 `json:"bytes"`
	// MD5 is the base64 of the MD5 of the stored bytes.
	MD5      string `json:"md5"`
	UploadID string `json:"uploadId"`
	// Parts are the parts in the order of their numbers, which count from 1.
	Parts []Part `json:"parts"`
}

// Part is one uploaded part of an Object.
type Part struct {
	// ETag is without quotes.
	ETag string `json:"etag"`
	// CRC32 is the base64 of the part's CRC-32; absent if the upload has no checksums.
	CRC32 string `json:"crc32,omitempty"`
}

// ETag returns the ETag that S3 gives to the completed object, without quotes: the MD5 of the MD5s of its parts, and their number. It is ""
// if the ETags of the parts are no MD5s. If a KMS key encrypts the object, S3 may give it another ETag.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
func (o Object) ETag() string {
	sum := md5.New() //nolint:gosec // see the import
	for _, part := range o.Parts {
		one, err := hex.DecodeString(part.ETag)
		if err != nil || len(one) != md5.Size {
			return ""
		}
		_, _ = sum.Write(one) // a hash never fails
	}
	return fmt.Sprintf("%x-%d", sum.Sum(nil), len(o.Parts))
}

// CRC32 returns the checksum that S3 gives to the completed object: the CRC-32 of the CRC-32s of its parts, and their number. It is "" if
// the parts have no checksums.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
func (o Object) CRC32() string {
	sum := crc32.NewIEEE()
	for _, part := range o.Parts {
		one, err := base64.StdEncoding.DecodeString(part.CRC32)
		if err != nil || len(one) != crc32.Size {
			return ""
		}
		_, _ = sum.Write(one) // a hash never fails
	}
	all := binary.BigEndian.AppendUint32(nil, sum.Sum32())
	return fmt.Sprintf("%s-%d", base64.StdEncoding.EncodeToString(all), len(o.Parts))
}
