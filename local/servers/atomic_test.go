package servers_test

import (
	"crypto/md5" //nolint:gosec // the ETag of an object
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"dynamodb-to-s3/local/servers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"golang.org/x/sync/errgroup"
)

// Of many conditional writes at once, one succeeds, and every reader gets bytes and an ETag that belong together.
func TestRequestsAreAtomic(t *testing.T) {
	t.Parallel()
	server := start(t, servers.StartS3, testConfig(t))
	client := s3.New(s3.Options{BaseEndpoint: &server.URL, Region: servers.Region, Credentials: account(server), UsePathStyle: true})
	bucket := aws.String("claims")
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: bucket}); err != nil {
		t.Fatal(err)
	}
	for round := range 40 {
		key := aws.String(fmt.Sprint("claim-", round))
		created, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: key, IfNoneMatch: aws.String("*"), Body: strings.NewReader("first")})
		if err != nil {
			t.Fatal(err)
		}
		var succeeded atomic.Int64
		var group errgroup.Group
		for n := range 8 {
			group.Go(func() error {
				_, err := client.PutObject(t.Context(), &s3.PutObjectInput{
					Bucket: bucket, Key: key, IfMatch: created.ETag, Body: strings.NewReader(strings.Repeat(fmt.Sprint(n), 1000)),
				})
				if err == nil {
					succeeded.Add(1)
				}
				if refusal, ok := errors.AsType[smithy.APIError](err); ok && refusal.ErrorCode() == "PreconditionFailed" {
					return nil
				}
				return err
			})
			group.Go(func() error {
				answer, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: key})
				if err != nil {
					return err
				}
				body, err := io.ReadAll(answer.Body)
				sum := md5.Sum(body) //nolint:gosec // see the import
				if want := `"` + hex.EncodeToString(sum[:]) + `"`; err == nil && *answer.ETag != want {
					err = fmt.Errorf("%s: %.10q… has ETag %s, want %s", *key, body, *answer.ETag, want)
				}
				return err
			})
		}
		if err := group.Wait(); err != nil {
			t.Error(err)
		}
		if n := succeeded.Load(); n != 1 {
			t.Errorf("%s: %d writes succeeded", *key, n)
		}
	}
}

// A request whose client goes away in the middle is not carried out.
func TestHalfARequestIsNotCarriedOut(t *testing.T) {
	t.Parallel()
	server := start(t, servers.StartS3, testConfig(t))
	connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := connection.Write([]byte("PUT /bucket/key HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")); err != nil {
		t.Fatal(err)
	}
	if err := connection.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	// VersityGW would refuse the request, for it has no signature.
	if answer, err := io.ReadAll(connection); err != nil || len(answer) > 0 {
		t.Errorf("got the answer %q, %v, want a closed connection", answer, err)
	}
}
