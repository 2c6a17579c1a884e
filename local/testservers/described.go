package testservers

import (
	"bytes"
	"encoding/json"
	"hash/crc32"
	"io"
	"net/http"
	"strconv"
	"strings"

	"dynamodb-to-s3/lambda/run"
)

// Described changes what DescribeTable says about a table, at the wire. dynalite says neither sizes nor capacities as DynamoDB does.
type Described func(table map[string]any)

// Do implements the SDK's HTTP client.
func (change Described) Do(asked *http.Request) (*http.Response, error) {
	answer, err := http.DefaultClient.Do(asked)
	if err != nil || !strings.HasSuffix(asked.Header.Get("X-Amz-Target"), ".DescribeTable") || answer.StatusCode != http.StatusOK {
		return answer, err
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	var described struct{ Table map[string]any }
	if err := json.Unmarshal(body, &described); err != nil {
		return nil, err
	}
	change(described.Table)
	body = run.Marshal(described)
	answer.Header.Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10))
	answer.Body, answer.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return answer, nil
}
