// Package glue emulates the Data Catalog of AWS Glue at the wire: databases, tables and partitions, over the protocol AWS JSON 1.1.
//
// The inputs, outputs and errors of the operations are the types of the SDK, so they have the names and types of the service's model. A
// member of an input that the model does not have is refused by name. Members that this server does not act on are refused too.
//
// Start starts a server; its clients use the configuration of Server.AWS. Refuse, Lose and Before let a test decide what happens to the
// next call of an operation.
//
// The package owns the emulation. It may import lambda/awsclient, local/awsjson and the SDK.
package glue

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"dynamodb-to-s3/lambda/awsclient"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

const (
	// Account is the account of the catalog.
	Account = "000000000000"
	// region is the region of the clients of Server.AWS.
	region = "us-east-1"
)

// Options are the settings of a server.
type Options struct {
	// File is where the catalog is kept between servers; "" to keep it in memory only. Only one server may use a file.
	File string
	// Listener is where the server is reached; nil for a free port of 127.0.0.1. The server closes it.
	Listener net.Listener
}

// A Server is a running server. Its methods may be called from any goroutine.
type Server struct {
	URL string // http://127.0.0.1:<port>, an SDK's endpoint

	file       string
	http       http.Server
	operations map[string]operation
	control    control

	mu      sync.Mutex // guards catalog
	catalog catalog
}

// Start starts a server. ctx limits the start only: the server runs until Stop.
func Start(ctx context.Context, o Options) (*Server, error) {
	s := &Server{file: o.File}
	if err := s.load(); err != nil {
		return nil, fmt.Errorf("start Glue: %w", err)
	}
	listener := o.Listener
	if listener == nil {
		var err error
		if listener, err = new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
			return nil, fmt.Errorf("start Glue: %w", err)
		}
	}
	s.URL = "http://" + listener.Addr().String()
	s.operations = map[string]operation{
		"CreateDatabase":       write(s, s.createDatabase),
		"GetDatabase":          read(s, s.getDatabase),
		"GetDatabases":         read(s, s.getDatabases),
		"CreateTable":          write(s, s.createTable),
		"GetTable":             read(s, s.getTable),
		"GetTables":            read(s, s.getTables),
		"UpdateTable":          write(s, s.updateTable),
		"DeleteTable":          write(s, s.deleteTable),
		"CreatePartition":      write(s, s.createPartition),
		"BatchCreatePartition": write(s, s.batchCreatePartition),
		"GetPartition":         read(s, s.getPartition),
		"GetPartitions":        read(s, s.getPartitions),
		"UpdatePartition":      write(s, s.updatePartition),
		"DeletePartition":      write(s, s.deletePartition),
		"BatchDeletePartition": write(s, s.batchDeletePartition),
	}
	quiet := log.New(io.Discard, "", 0) // a client that leaves is no error
	s.http = http.Server{Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: time.Minute, ErrorLog: quiet}
	go func() { _ = s.http.Serve(listener) }() // ends with Stop
	return s, nil
}

// Stop ends the server. It may be called more than once.
func (s *Server) Stop() { _ = s.http.Close() } // its listener and connections are not needed any more

// AWS returns the SDK's configuration for clients of the server. The environment does not change it.
func (s *Server) AWS(ctx context.Context) (aws.Config, error) {
	return awsclient.Config(ctx, config.WithRegion(region), config.WithBaseEndpoint(s.URL),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(Account, "local-secret", "")))
}

// An operation reads the body of a call, and returns the input and what answers it. The error refuses the body.
type operation func(body []byte) (in any, run func() (any, error), err error)

// read is an operation that changes nothing. Its output is encoded before the next change.
func read[In, Out any](s *Server, answer func(*In) (*Out, error)) operation {
	return func(body []byte) (any, func() (any, error), error) {
		in := new(In)
		return in, func() (any, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			out, err := answer(in)
			if err != nil {
				return nil, err
			}
			return protocol.Encode(out), nil
		}, protocol.Decode(body, in)
	}
}

// write is an operation that changes the catalog. It answers after the change is in the file.
func write[In, Out any](s *Server, answer func(*In) (*Out, error)) operation {
	change := read(s, func(in *In) (*Out, error) {
		out, err := answer(in)
		if err != nil {
			return nil, err // nothing has changed
		}
		return out, s.save()
	})
	return change
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client has left
	}
	name, ours := protocol.Operation(r)
	prepare, known := s.operations[name]
	if !ours || !known {
		answer(w, nil, protocol.Unknown(name))
		return
	}
	in, run, err := prepare(body)
	if err != nil {
		answer(w, nil, err)
		return
	}
	next := s.control.next(name)
	if next.before != nil {
		next.before(in)
	}
	if next.refusal != nil {
		answer(w, nil, next.refusal)
		return
	}
	out, err := run()
	if next.lose {
		panic(http.ErrAbortHandler) // closes the connection
	}
	answer(w, out, err)
}
