package readback_test

import (
	"testing"

	"dynamodb-to-s3/local/testbed"
)

func TestMain(m *testing.M) { testbed.Main(m) }
