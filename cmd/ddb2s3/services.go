package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/local/checkout"
	"dynamodb-to-s3/local/executions"
	"dynamodb-to-s3/local/exports"
	"dynamodb-to-s3/local/progress"
	"dynamodb-to-s3/local/sampletable"
	"dynamodb-to-s3/local/servers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// The SDK's own variables for the endpoint of one service, and of all.
const (
	envDynamoDBEndpoint = "AWS_ENDPOINT_URL_DYNAMODB"
	envS3Endpoint       = "AWS_ENDPOINT_URL_S3"
	envEndpoint         = "AWS_ENDPOINT_URL"
)

// given tells whether the environment names an endpoint for a service.
func given(service string) bool { return os.Getenv(service) != "" || os.Getenv(envEndpoint) != "" }

// endpointVariable is the variable that names the endpoint of a service.
func endpointVariable(service string) string {
	if os.Getenv(service) != "" {
		return service
	}
	return envEndpoint
}

// settings are the flags that all commands have.
type settings struct {
	aws     bool
	timeout time.Duration
	exports exportSettings
}

func (s *settings) register(flags *flag.FlagSet) {
	flags.BoolVar(&s.aws, "aws", false, "use AWS itself with the ambient credentials; nothing needs to be deployed")
	flags.DurationVar(&s.timeout, "lambda-timeout", 900*time.Second, "how long one invocation of a function may take")
	s.exports.register(flags)
}

// check adds what flags cannot say themselves.
func (s *settings) check() error {
	if s.timeout <= 0 {
		return &usageError{fmt.Sprintf("-lambda-timeout: got %s, want more than 0", s.timeout)}
	}
	for _, name := range []string{envDynamoDBEndpoint, envS3Endpoint, envEndpoint} {
		if s.aws && os.Getenv(name) != "" {
			return &usageError{fmt.Sprintf("-aws and %s contradict each other: give one", name)}
		}
	}
	return s.exports.check(s.aws)
}

// services is where the functions read and write.
type services struct {
	source, destination aws.Config
	identity            aws.Config        // what asks for sessions of the roles that requests name
	account             string            // "" if not known
	dynamoDB, s3        *servers.Server   // nil where the service is not embedded
	standIn             *exports.Server   // what makes exports; nil where DynamoDB itself does, or nobody asks for one
	executions          executions.Folder // the executions that run on this computer
	objects             string            // the folder in which the embedded S3 keeps its objects
	unlock              func()
}

// open connects to the services that the settings and the environment name and starts those that they do not, DynamoDB with a
// sample table of so many orders.
func open(ctx context.Context, s settings, sample int, stderr *os.File) (_ *services, err error) {
	repository, err := checkout.Find()
	if err != nil {
		return nil, err
	}
	v := &services{unlock: func() {}, executions: executions.Folder(filepath.Join(repository.Local(), "executions"))}
	if s.aws {
		return v, v.openAWS(ctx)
	}
	defer func() {
		if err != nil {
			v.close()
		}
	}()
	if v.source, err = localConfig(ctx); err != nil {
		return nil, err
	}
	v.destination, v.identity = v.source.Copy(), v.source.Copy()
	if given(envDynamoDBEndpoint) && given(envS3Endpoint) {
		return v, nil
	}
	config, err := servers.In(repository)
	if err != nil {
		return nil, err
	}
	if !given(envS3Endpoint) {
		if v.unlock, err = servers.Lock(repository.Local()); err != nil {
			v.unlock = func() {}
			return nil, err
		}
		if v.s3, err = servers.StartS3(ctx, config); err != nil {
			return nil, err
		}
		v.objects = config.DataDir
		if v.destination, err = v.s3.AWS(ctx); err != nil {
			return nil, err
		}
	}
	if !given(envDynamoDBEndpoint) {
		if v.dynamoDB, err = servers.StartDynamoDB(ctx, config); err != nil {
			return nil, err
		}
		if v.source, err = v.dynamoDB.AWS(ctx); err != nil {
			return nil, err
		}
		v.account = "000000000000"
		if err := loadOrders(ctx, v.source, sample, stderr); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// close stops what was started. It may be called more than once.
func (v *services) close() {
	if v.standIn != nil {
		v.standIn.Stop()
	}
	for _, server := range []*servers.Server{v.dynamoDB, v.s3} {
		if server != nil {
			server.Stop()
		}
	}
	v.unlock()
}

func (v *services) openAWS(ctx context.Context) error {
	cfg, err := awsclient.Config(ctx)
	if err != nil {
		return err
	}
	if cfg.Region == "" {
		return errors.New("no AWS region is set: set AWS_REGION to the table's")
	}
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, nil)
	if err != nil {
		return fmt.Errorf("no usable AWS credentials: log in, or set AWS_PROFILE: %w", err)
	}
	v.source, v.destination, v.identity, v.account = cfg, cfg, cfg, aws.ToString(who.Account)
	return nil
}

// localConfig reads the SDK's configuration for servers that are not AWS: they want some region and some credentials, and
// whoever runs them may not care which.
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

// loadOrders fills the embedded DynamoDB with the sample table.
func loadOrders(ctx context.Context, cfg aws.Config, count int, stderr *os.File) error {
	client := dynamodb.NewFromConfig(cfg)
	if err := sampletable.Create(ctx, client, sampletable.Table); err != nil {
		return err
	}
	var loaded atomic.Int64
	stop := progress.Show(stderr, progress.Work{
		Name: "loading the sample table " + sampletable.Table, Total: func() int64 { return int64(count) }, Done: loaded.Load,
	})
	defer stop()
	return sampletable.Load(ctx, client, sampletable.Table, sampletable.Seed, count, func(n int) { loaded.Add(int64(n)) })
}
