package servers

import (
	"context"
	"os"
	"path/filepath"

	"dynamodb-to-s3/local/checkout"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// StartTemporary starts both servers, with the objects in a folder of their own, and returns the configurations of their clients.
// stop stops the servers and removes the folder.
func StartTemporary(ctx context.Context) (dynamoDB, s3 aws.Config, stop func(), err error) {
	repository, err := checkout.Find()
	if err != nil {
		return dynamoDB, s3, nil, err
	}
	config, err := In(repository)
	if err != nil {
		return dynamoDB, s3, nil, err
	}
	folder, err := os.MkdirTemp("", "dynamodb-to-s3")
	if err != nil {
		return dynamoDB, s3, nil, err
	}
	config.DataDir, config.MetaDir = filepath.Join(folder, "s3"), filepath.Join(folder, "meta")
	var started []*Server
	stop = func() {
		for _, server := range started {
			server.Stop()
		}
		_ = os.RemoveAll(folder) // what remains is in the system's folder for temporary files
	}
	for _, each := range []struct {
		start func(context.Context, Config) (*Server, error)
		cfg   *aws.Config
	}{{StartDynamoDB, &dynamoDB}, {StartS3, &s3}} {
		server, err := each.start(ctx, config)
		if err == nil {
			started = append(started, server)
			*each.cfg, err = server.AWS(ctx)
		}
		if err != nil {
			stop()
			return dynamoDB, s3, nil, err
		}
	}
	return dynamoDB, s3, stop, nil
}
