package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"dynamodb-to-s3/lambda/client"
	"dynamodb-to-s3/lambda/handler"
	"dynamodb-to-s3/lambda/job"
	"dynamodb-to-s3/lambda/segment"
	"dynamodb-to-s3/local/embedded"
	"dynamodb-to-s3/local/invoke"
	"dynamodb-to-s3/local/meter"
	"dynamodb-to-s3/local/orders"
	"dynamodb-to-s3/local/workspace"

	"github.com/aws/aws-lambda-go/lambda/messages"
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

// settings are the flags that both commands have.
type settings struct {
	aws     bool
	timeout time.Duration
}

func (s *settings) register(flags *flag.FlagSet) {
	flags.BoolVar(&s.aws, "aws", false, "use AWS itself with the ambient credentials; nothing needs to be deployed")
	flags.DurationVar(&s.timeout, "lambda-timeout", 900*time.Second, "how long one invocation of a function may take")
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
	return nil
}

// services is where the functions read and write.
type services struct {
	source, destination aws.Config
	account             string           // "" if not known
	dynamoDB, s3        *embedded.Server // nil where the service is not embedded
	unlock              func()
}

// open connects to the services that the settings and the environment name and starts those that they do not.
func open(ctx context.Context, s settings, stderr *os.File) (_ *services, err error) {
	if s.aws {
		return openAWS(ctx)
	}
	v := &services{unlock: func() {}}
	defer func() {
		if err != nil {
			v.close()
		}
	}()
	if v.source, err = localConfig(ctx); err != nil {
		return nil, err
	}
	v.destination = v.source.Copy()
	if given(envDynamoDBEndpoint) && given(envS3Endpoint) {
		return v, nil
	}
	checkout, err := workspace.Find()
	if err != nil {
		return nil, err
	}
	servers, err := embedded.In(checkout)
	if err != nil {
		return nil, err
	}
	if !given(envS3Endpoint) {
		if v.unlock, err = embedded.Lock(checkout.Local()); err != nil {
			v.unlock = func() {}
			return nil, err
		}
		if v.s3, err = embedded.StartS3(ctx, servers); err != nil {
			return nil, err
		}
		if v.destination, err = v.s3.AWS(ctx); err != nil {
			return nil, err
		}
	}
	if !given(envDynamoDBEndpoint) {
		if v.dynamoDB, err = embedded.StartDynamoDB(ctx, servers); err != nil {
			return nil, err
		}
		if v.source, err = v.dynamoDB.AWS(ctx); err != nil {
			return nil, err
		}
		v.account = "000000000000"
		if err := loadOrders(ctx, v.source, stderr); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// close stops what was started. It may be called more than once.
func (v *services) close() {
	for _, server := range []*embedded.Server{v.dynamoDB, v.s3} {
		if server != nil {
			server.Stop()
		}
	}
	v.unlock()
}

func openAWS(ctx context.Context) (*services, error) {
	cfg, err := client.Config(ctx)
	if err != nil {
		return nil, err
	}
	if cfg.Region == "" {
		return nil, errors.New("no AWS region is set: set AWS_REGION to the table's")
	}
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("no usable AWS credentials: log in, or set AWS_PROFILE: %w", err)
	}
	return &services{source: cfg, destination: cfg, account: aws.ToString(who.Account), unlock: func() {}}, nil
}

// localConfig reads the SDK's configuration for servers that are not AWS: they want some region and some credentials, and
// whoever runs them may not care which.
func localConfig(ctx context.Context) (aws.Config, error) {
	cfg, err := client.Config(ctx, config.WithDefaultRegion(embedded.Region), config.WithEC2IMDSClientEnableState(imds.ClientDisabled))
	if err != nil {
		return cfg, err
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		cfg.Credentials = credentials.NewStaticCredentialsProvider("local", "local", "")
	}
	return cfg, nil
}

// loadOrders fills the embedded DynamoDB with the sample table.
func loadOrders(ctx context.Context, cfg aws.Config, stderr *os.File) error {
	client := dynamodb.NewFromConfig(cfg)
	if err := orders.Create(ctx, client, orders.Table); err != nil {
		return err
	}
	var loaded atomic.Int64
	stop := meter.Show(stderr, meter.Work{
		Name: "loading the sample table " + orders.Table, Total: func() int64 { return orders.Count }, Done: loaded.Load,
	})
	defer stop()
	return orders.Load(ctx, client, orders.Table, orders.Seed, orders.Count, func(n int) { loaded.Add(int64(n)) })
}

// functions serves the functions over the services, at an address of this computer.
type functions struct {
	progress *segment.Progress
	url      string
	server   *http.Server
	segments atomic.Int64 // of the run that was planned last
	mu       sync.Mutex
	failures map[job.Function]error // the last one of each
}

func startFunctions(ctx context.Context, v *services, s settings, addr string, log *slog.Logger) (*functions, error) {
	f := &functions{progress: new(segment.Progress), failures: map[job.Function]error{}}
	engine := handler.New(v.source, v.destination, handler.Options{
		Log: log, Progress: f.progress, Defaults: os.Getenv(job.EnvDefaults), Account: v.account,
	})
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("serve the functions: %w", err)
	}
	f.url = "http://" + listener.Addr().String()
	f.server = &http.Server{
		Handler:           invoke.Server{Function: f.watch(engine.Handler), Timeout: s.timeout}.Handler(),
		ReadHeaderTimeout: 10 * time.Second,
	}
	go func() { _ = f.server.Serve(listener) }() // ends with close
	return f, nil
}

// watch keeps what a person wants to see of the functions' answers: how many segments there are, and why one is tried again.
func (f *functions) watch(of func(job.Function) handler.Handler) func(job.Function) handler.Handler {
	return func(name job.Function) handler.Handler {
		own := of(name)
		if own == nil {
			return nil
		}
		return func(ctx context.Context, payload json.RawMessage) (any, error) {
			out, err := own(ctx, payload)
			if planned, ok := out.(job.PlanOutput); ok {
				f.segments.Store(int64(len(planned.Segments)))
			}
			if err != nil {
				f.mu.Lock()
				f.failures[name] = err
				f.mu.Unlock()
			}
			return out, err
		}
	}
}

// lastFailure returns why a function has last failed, in one line.
func (f *functions) lastFailure(name job.Function) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if named, ok := errors.AsType[messages.InvokeResponse_Error](f.failures[name]); ok {
		return strings.ReplaceAll(named.Message, "\n", " ")
	}
	return "no answer"
}

func (f *functions) close() { _ = f.server.Close() } // nothing is left to be said to anybody
