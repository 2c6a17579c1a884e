package main

import (
	"cmp"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/function"
	"dynamodb-to-s3/lambda/price"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/scan"
	"dynamodb-to-s3/local/lambdaapi"
	"dynamodb-to-s3/local/sdkintegration"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// functions is an HTTP server for what the state machine calls: the functions, and DescribeExport, which Step Functions calls
// itself.
type functions struct {
	url        string
	server     *http.Server
	progress   *scan.Progress // of scans
	converting *scan.Progress // of conversions
	segments   atomic.Int64   // of the latest plan
	items      atomic.Int64   // that these segments have, as far as it is known
	checks     atomic.Int64   // calls of DescribeExport
	planned    atomic.Pointer[run.PlanOutput]
	staged     atomic.Pointer[stagedPass] // the latest pass over staged files
}

// stagedPass is the plan of a pass over staged files, and what passes before it have read.
type stagedPass struct {
	run.ColumnsOutput
	itemsBefore, bytesBefore int64
}

// startFunctions serves the functions until close, which closes the listener too. options returns the settings of a function.
func startFunctions(s *services, timeout time.Duration, listener net.Listener, options func(contract.Function) function.Options) (*functions, error) {
	f := &functions{progress: new(scan.Progress), converting: new(scan.Progress)}
	handlers := map[contract.Function]function.Handler{}
	for _, name := range contract.Functions() {
		own := options(name)
		own.Progress, own.ConvertProgress, own.ScanTimeout = f.progress, f.converting, timeout
		engine, err := s.engine(own)
		if err != nil {
			return nil, err
		}
		handlers[name] = engine.Handler(name)
	}
	f.url = "http://" + listener.Addr().String()
	calls := http.NewServeMux()
	calls.Handle("/", lambdaapi.Server{Function: f.watchPlans(s, handlers), Timeout: timeout}.Handler())
	integrations := sdkintegration.Server{DynamoDB: s.source}.Handler()
	calls.HandleFunc("/aws-sdk/", func(w http.ResponseWriter, r *http.Request) {
		f.checks.Add(1)
		integrations.ServeHTTP(w, r)
	})
	f.server = &http.Server{Handler: calls, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = f.server.Serve(listener) }() // returns after close
	return f, nil
}

// engine returns the functions over the services.
func (s *services) engine(options function.Options) (*function.Engine, error) {
	roles, err := request.ParseAssumableRoles(os.Getenv(contract.EnvAssumableRoles))
	if err != nil {
		return nil, err
	}
	retention, err := run.ParseRetention(os.Getenv(contract.EnvRetention))
	if err != nil {
		return nil, err
	}
	if options.Prices, err = price.Parse(os.Getenv(contract.EnvPrices)); err != nil {
		return nil, err
	}
	options.Roles, options.Defaults = roles, cmp.Or(os.Getenv(contract.EnvDefaults), options.Defaults)
	options.Glue, options.CloudWatch, options.Database, options.Retention = &s.glue, s.cloudWatch, s.database, retention
	options.Account, options.Identity = s.account, &s.identity
	if options.Executions == nil {
		options.Executions = s.executions
	}
	return function.New(s.source, s.destination, options), nil
}

// watchPlans keeps the plans that functions return, and counts the segments of a scan, and their items.
func (f *functions) watchPlans(s *services, handlers map[contract.Function]function.Handler) func(contract.Function) function.Handler {
	return func(name contract.Function) function.Handler {
		handler := handlers[name]
		if name != contract.FunctionPlan && name != contract.FunctionColumns {
			return handler
		}
		return func(ctx context.Context, payload json.RawMessage) (any, error) {
			out, err := handler(ctx, payload)
			if staged, ok := out.(run.ColumnsOutput); ok {
				f.staged.Store(&stagedPass{staged, f.converting.Scanned.Load(), f.converting.Bytes.Load()})
			}
			planned, ok := out.(run.PlanOutput)
			if ok {
				f.planned.Store(&planned)
			}
			if ok && planned.Plan.Scan != nil && !planned.Committed { // otherwise no segment is read
				segments := int64(len(planned.Segments))
				f.segments.Store(segments)
				// A run that continues, or that has one segment, reads only a part of the table.
				f.items.Store(s.itemCount(ctx, planned.Plan) * segments / int64(max(planned.Plan.Scan.TotalSegments, 1)))
			}
			return out, err
		}
	}
}

// itemCount returns how many items the table or index of a scan has: exactly if this process has loaded the table, or else what
// DynamoDB has counted within about the last six hours. It returns 0 if the number is unknown. Only the progress needs it.
func (s *services) itemCount(ctx context.Context, plan run.Plan) int64 {
	index := plan.Scan.Request.IndexName
	if s.loadedItems > 0 && index == "" {
		return s.loadedItems
	}
	client := awsclient.NewClients(s.source, s.destination, s.identity).Tables(plan)
	answer, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &plan.Table})
	if err != nil || answer.Table == nil {
		return 0
	}
	if index == "" {
		return aws.ToInt64(answer.Table.ItemCount)
	}
	for _, global := range answer.Table.GlobalSecondaryIndexes {
		if aws.ToString(global.IndexName) == index {
			return aws.ToInt64(global.ItemCount)
		}
	}
	for _, local := range answer.Table.LocalSecondaryIndexes {
		if aws.ToString(local.IndexName) == index {
			return aws.ToInt64(local.ItemCount)
		}
	}
	return 0
}

func (f *functions) close() { _ = f.server.Close() } // nobody waits for an answer any more
