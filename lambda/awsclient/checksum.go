package awsclient

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"
	"sync"

	"dynamodb-to-s3/lambda/fault"

	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// checkAnswers checks DynamoDB's answers against their checksums, while they are read. It replaces the SDK's own check, which expects the
// checksum 0 of an answer without one, and only logs a wrong checksum. Servers other than DynamoDB's leave out the header.
type checkAnswers struct{}

func (checkAnswers) ID() string { return "CheckAnswers" }

const checksumHeader = "X-Amz-Crc32"

var warnOfChecksum sync.Once

func (checkAnswers) HandleDeserialize(
	ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
) (middleware.DeserializeOutput, middleware.Metadata, error) {
	out, metadata, err := next.HandleDeserialize(ctx, in)
	response, ok := out.RawResponse.(*smithyhttp.Response)
	if err != nil || !ok {
		return out, metadata, err
	}
	checked := &checkedBody{ReadCloser: response.Body, want: response.Header.Get(checksumHeader)}
	if checked.want == "" {
		warnOfChecksum.Do(func() {
			middleware.GetLogger(ctx).Logf(logging.Warn,
				"an answer of DynamoDB has no %s header: such answers are used without a check of their checksum", checksumHeader)
		})
	}
	response.Body = checked
	return out, metadata, nil
}

// checkedBody fails instead of ending if the checksum of what was read is another than want, a decimal number. Every failure is a
// damaged answer, so the SDK tries again. After a failure nothing is left to read: the SDK would log the failure again.
type checkedBody struct {
	io.ReadCloser
	want string
	sum  uint32
	done bool
}

func (b *checkedBody) Read(p []byte) (int, error) {
	if b.done {
		return 0, io.EOF
	}
	n, err := b.ReadCloser.Read(p)
	b.sum, b.done = crc32.Update(b.sum, crc32.IEEETable, p[:n]), err != nil
	switch {
	case err == nil:
		return n, nil
	case !errors.Is(err, io.EOF):
		return n, fault.Damage(err)
	case b.want != "" && b.want != strconv.FormatUint(uint64(b.sum), 10):
		return n, fault.Damage(fmt.Errorf("its checksum is %d, and its header %s says %.20q", b.sum, checksumHeader, b.want))
	default:
		return n, err
	}
}
