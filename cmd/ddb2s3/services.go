package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/partition"
	"dynamodb-to-s3/local/checkout"
	"dynamodb-to-s3/local/executions"
	"dynamodb-to-s3/local/exports"
	"dynamodb-to-s3/local/servers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// services are the DynamoDB, the S3 and the Glue that the functions use.
type services struct {
	source, destination aws.Config
	identity            aws.Config        // asks STS for sessions of the roles that requests name
	glue                aws.Config        // of the catalog
	cloudWatch          *aws.Config       // nil if none is there
	database            string            // of the catalog; "" for no catalog
	account             string            // "" if unknown
	ownDynamoDB         bool              // this process has started DynamoDB
	loadedItems         int64             // of the table that this process has loaded; 0 if it has loaded none
	s3Folder            string            // where an S3 that this process has started keeps its objects; "" for another S3
	exports             *exports.Server   // makes exports on this computer; nil if DynamoDB makes them
	executions          executions.Folder // the status of local executions
	stops               []func()
}

// localAccount is the account of a DynamoDB that this process starts.
const localAccount = "000000000000"

// startServices connects to AWS or to the servers that the environment names, and starts the others: S3, DynamoDB, Glue, and, if asked
// for, what makes exports. It loads the tables.
func startServices(ctx context.Context, o options, t tables, exporting bool, stderr io.Writer) (*services, error) {
	repository, err := checkout.Find()
	if err != nil {
		return nil, err
	}
	s := &services{executions: localExecutions(repository)}
	if o.aws {
		return s, s.useAWS(ctx)
	}
	err = s.startServers(ctx, repository, o.s3Listener, t.id)
	if err == nil {
		err = s.startGlue(ctx, o, repository)
	}
	if err == nil {
		err = s.load(ctx, t, stderr)
	}
	if err == nil && exporting {
		err = s.startExports(ctx, o, stderr)
	}
	if err != nil {
		s.close()
	}
	return s, err
}

func (s *services) startServers(ctx context.Context, repository checkout.Repository, s3Listener net.Listener, tableID string) (err error) {
	if s.source, err = localConfig(ctx); err != nil {
		return err
	}
	if err := checkEndpoints(ctx, s.source); err != nil {
		return err
	}
	s.destination, s.identity = s.source.Copy(), s.source.Copy()
	ownS3 := endpointVariable(envS3Endpoint) == ""
	s.ownDynamoDB = endpointVariable(envDynamoDBEndpoint) == ""
	if !s.ownDynamoDB && !ownS3 {
		return nil
	}
	setup, err := servers.In(repository)
	if err != nil {
		return err
	}
	setup.Listener, setup.TableID = s3Listener, tableID
	if ownS3 {
		unlock, err := servers.Lock(repository.Local())
		if err != nil {
			return err
		}
		s.stops = append(s.stops, unlock)
		s.s3Folder = setup.DataDir
		if s.destination, err = s.startServer(ctx, setup, servers.StartS3); err != nil {
			return err
		}
	}
	if s.ownDynamoDB {
		s.account = localAccount
		s.source, err = s.startServer(ctx, setup, servers.StartDynamoDB)
	}
	return err
}

// startServer starts a server and returns the configuration of its clients.
func (s *services) startServer(
	ctx context.Context, setup servers.Config, start func(context.Context, servers.Config) (*servers.Server, error),
) (aws.Config, error) {
	server, err := start(ctx, setup)
	if err != nil {
		return aws.Config{}, err
	}
	s.stops = append(s.stops, server.Stop)
	return server.AWS(ctx)
}

// startExports starts the server that makes exports on this computer, in front of a DynamoDB that this process has started or, with
// --local-exports, of any DynamoDB. Otherwise DynamoDB makes its exports itself.
func (s *services) startExports(ctx context.Context, o options, stderr io.Writer) (err error) {
	if !s.ownDynamoDB && !o.localExports {
		return nil
	}
	if s.exports, err = exports.Start(ctx, exports.Options{DynamoDB: s.source, S3: s.destination, Delay: o.exportDelay, Listener: o.dynamoDBListener}); err != nil {
		return err
	}
	s.stops = append(s.stops, s.exports.Stop)
	for _, code := range o.exportCodes {
		s.exports.Fail(code, "the flag --export-fail asks for it", 1)
	}
	s.source = s.exports.AWS()
	dynamoDB := "dynalite"
	if !s.ownDynamoDB {
		dynamoDB = endpointVariable(envDynamoDBEndpoint)
	}
	_, err = fmt.Fprintf(stderr, "native exports are made on this computer, at %s in front of %s. Every table has point-in-time recovery. An export takes %s.\n",
		s.exports.URL, dynamoDB, o.exportDelay)
	return err
}

// close stops what was started, the last first.
func (s *services) close() {
	for _, stop := range slices.Backward(s.stops) {
		stop()
	}
}

func (s *services) useAWS(ctx context.Context) error {
	cfg, err := awsclient.Config(ctx)
	if err != nil {
		return err
	}
	if cfg.Region == "" {
		return errors.New("no AWS region is set: set AWS_REGION to the region of the table")
	}
	if wrong := partition.CheckRegion(cfg.Region); wrong != "" {
		return fmt.Errorf("AWS_REGION, or the region of the profile: got %q, want %s", cfg.Region, wrong)
	}
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, nil)
	if err != nil {
		return fmt.Errorf("no usable AWS credentials: log in, or set AWS_PROFILE: %w", err)
	}
	s.source, s.destination, s.identity, s.glue, s.cloudWatch, s.account = cfg, cfg, cfg, cfg, &cfg, aws.ToString(who.Account)
	s.database = catalogDatabase(true)
	return nil
}

// localConfig reads the SDK's configuration for servers other than AWS. These need any region and any credentials, so there are
// defaults for both.
func localConfig(ctx context.Context) (aws.Config, error) {
	cfg, err := awsclient.Config(ctx, config.WithDefaultRegion(servers.Region), config.WithEC2IMDSClientEnableState(imds.ClientDisabled))
	if err != nil {
		return cfg, err
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		cfg.Credentials = credentials.NewStaticCredentialsProvider("local", "local", "")
	}
	return cfg, nil
}

// awsConfig reads the SDK's configuration for AWS.
func awsConfig(ctx context.Context) (aws.Config, error) { return awsclient.Config(ctx) }

// createBucket creates a bucket if this process has started S3, which has no other user.
func (s *services) createBucket(ctx context.Context, name string) error {
	if s.s3Folder == "" {
		return nil
	}
	_, err := awsclient.S3(s.destination).CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &name})
	if _, exists := errors.AsType[*types.BucketAlreadyOwnedByYou](err); err != nil && !exists {
		return fmt.Errorf("create the bucket %s: %w", name, err)
	}
	return nil
}
