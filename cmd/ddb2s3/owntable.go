package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"sync/atomic"

	"dynamodb-to-s3/lambda/problem"
	"dynamodb-to-s3/local/progress"
	"dynamodb-to-s3/local/sampletable"
	"dynamodb-to-s3/local/usertable"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/spf13/pflag"
)

// defaultTable is the name of a loaded table if neither the request nor the definition has one.
const defaultTable = "items"

// ownTable is the table that a user brings: its flags, and what they say.
type ownTable struct {
	file, definitionFile, key string

	definition usertable.Definition
}

func (o *ownTable) add(flags *pflag.FlagSet) {
	flags.StringVar(&o.file, "load", "", "load the items in `FILE` into a new table: JSON lines, the folder of a run or of a full export, or - for standard input")
	flags.StringVar(&o.definitionFile, "table-definition", "", "how to create the table of --load: a JSON `FILE` from aws dynamodb describe-table, or for create-table")
	flags.StringVar(&o.key, "key", "", "the key of the table of --load, instead of a definition: `NAME` of the partition key, or both names with a comma")
}

func (o *ownTable) given() bool { return o.file != "" }

// check reads the definition, and refuses flags that do not fit together.
func (o *ownTable) check(useAWS bool) (err error) {
	switch {
	case !o.given() && (o.definitionFile != "" || o.key != ""):
		return errors.New("--table-definition and --key are for --load: add --load FILE, with the items")
	case !o.given():
		return nil
	case useAWS:
		return errors.New("--aws and --load contradict each other: --load writes only to a DynamoDB on this computer")
	case o.definitionFile != "" && o.key != "":
		return errors.New("--table-definition and --key contradict each other: give only one")
	case o.definitionFile == "" && o.key == "":
		return errors.New("--load needs the key of the table: add --table-definition FILE, with the output of aws dynamodb describe-table, " +
			"or --key NAME for a table without indexes (--key PARTITION,SORT if it has a sort key)")
	}
	if err := localOnly(); err != nil {
		return err
	}
	if o.key != "" {
		if o.definition, err = usertable.WithKeys(o.key); err != nil {
			return fmt.Errorf("--key: %w", err)
		}
		return nil
	}
	if o.definition, err = usertable.ReadDefinition(o.definitionFile); err != nil {
		return fmt.Errorf("--table-definition: %s: %w", o.definitionFile, err)
	}
	return nil
}

// localOnly fails if the environment names a DynamoDB that can be outside of this computer and its containers. AWS's own names have dots.
func localOnly() error {
	variable := endpointVariable(envDynamoDBEndpoint)
	if variable == "" {
		return nil
	}
	endpoint, err := url.Parse(os.Getenv(variable))
	if err != nil {
		return fmt.Errorf("%s is not a URL: %w", variable, err)
	}
	host := endpoint.Hostname()
	if ip := net.ParseIP(host); ip != nil && ip.IsLoopback() || ip == nil && host != "" && (!strings.Contains(host, ".") || host == "host.docker.internal") {
		return nil
	}
	return fmt.Errorf("--load writes only to a DynamoDB on this computer, but %s names %s. Unset it, or name a server at 127.0.0.1, or at a host without dots in its name",
		variable, problem.Quote(host))
}

// name returns the name of the table without a request.
func (o *ownTable) name() string {
	if o.definition.Name != "" {
		return o.definition.Name
	}
	return defaultTable
}

// open finds and checks the items. It returns nil if the user brings none.
func (o *ownTable) open(ctx context.Context, stdin io.Reader, stderr io.Writer) (*usertable.Table, error) {
	if !o.given() {
		return nil, nil
	}
	table, err := usertable.Open(o.definition, o.file, stdin)
	if err != nil {
		return nil, fmt.Errorf("--load: %w", err)
	}
	stop := progress.Show(stderr, progress.Work{
		Name: "checking the items", Unit: "byte", Done: table.Read, Total: func() int64 { return table.Size() },
	})
	err = table.Check(ctx)
	stop()
	if err != nil {
		table.Close()
		return nil, fmt.Errorf("--load: %w", err)
	}
	return table, nil
}

// tables says what startServices loads: the user's own table under a name, or else sample orders into a DynamoDB that it starts.
type tables struct {
	own          *usertable.Table
	name         string
	sampleOrders int
	// id is the table's id in a DynamoDB that startServices starts; "" for a random one.
	id string
	// created is called when the table is there and has no items yet. Its error ends the load. It may be nil.
	created func(context.Context, *services) error
}

// tableID returns an id in the form of a TableId, the same for the same identity. A run can continue under its name only on a table with
// the TableId that it began with, and each process creates the table anew.
func tableID(identity []byte) string {
	b := sha256.Sum256(identity)
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

func (t tables) close() {
	if t.own != nil {
		t.own.Close()
	}
}

// load loads the tables, and notes how many items they have.
func (s *services) load(ctx context.Context, t tables, stderr io.Writer) error {
	client := dynamodb.NewFromConfig(s.source)
	created := func() error { return t.created(ctx, s) }
	if t.created == nil {
		created = func() error { return nil }
	}
	var loaded atomic.Int64
	count := func(n int) { loaded.Add(int64(n)) }
	switch {
	case t.own != nil:
		stop := progress.Show(stderr, progress.Work{Name: "loading the table " + t.name, Unit: "item", Total: t.own.Items, Done: loaded.Load})
		defer stop()
		s.loadedItems = t.own.Items()
		return t.own.Load(ctx, client, t.name, created, count)
	case s.ownDynamoDB && t.sampleOrders > 0:
		s.loadedItems = int64(t.sampleOrders)
		if err := sampletable.Create(ctx, client, sampletable.Table); err != nil {
			return err
		}
		if err := created(); err != nil {
			return err
		}
		stop := progress.Show(stderr, progress.Work{
			Name: "loading the sample table " + sampletable.Table, Unit: "item", Done: loaded.Load, Total: func() int64 { return s.loadedItems },
		})
		defer stop()
		return sampletable.Load(ctx, client, sampletable.Table, sampletable.Seed, t.sampleOrders, count)
	}
	return nil
}
