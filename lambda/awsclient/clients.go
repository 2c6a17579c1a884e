package awsclient

import (
	"cmp"
	"sync"

	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Clients are the clients of runs. If a run names a role, its clients use a session of that role. The session serves all
// invocations of the run in this process. Clients is safe for concurrent use.
type Clients struct {
	source, destination, identity aws.Config

	mu      sync.Mutex // guards both maps
	tables  map[access]*dynamodb.Client
	objects map[access]*s3.Client
}

// access is what distinguishes clients. It includes the session's name, so that CloudTrail's records of a role name the run.
type access struct{ role, session, region string }

// maxKept is how many clients of a kind are kept. A process has one run at a time, or a few. When there are more, all are made
// again.
const maxKept = 32

// NewClients returns clients that read tables with source and write objects with destination. If a run names a role, identity's
// credentials ask for a session of it.
func NewClients(source, destination, identity aws.Config) *Clients {
	return &Clients{
		source: source, destination: destination, identity: identity,
		tables: map[access]*dynamodb.Client{}, objects: map[access]*s3.Client{},
	}
}

// Tables returns the client that reads the plan's table. It looks at the run's name, the role and the region; an export has no role. If the
// table is in another region than the functions, the client asks for compressed answers.
func (c *Clients) Tables(plan run.Plan) *dynamodb.Client {
	scan := cmp.Or(plan.Scan, &run.ScanPlan{})
	to := accessOf(scan.SourceRoleARN, plan.RunID, scan.TableRegion)
	return kept(&c.mu, c.tables, to, func() *dynamodb.Client {
		cfg := c.as(c.source, to, "sourceRoles")
		if to.region == "" || to.region == cfg.Region {
			return DynamoDB(cfg)
		}
		cfg.Region = to.region
		return DynamoDB(cfg, askForGzip)
	})
}

// Objects returns the client that writes the plan's objects. It looks at the run's name and the role; an export has no role.
func (c *Clients) Objects(plan run.Plan) *s3.Client {
	to := accessOf(cmp.Or(plan.Scan, &run.ScanPlan{}).DestinationRoleARN, plan.RunID, "")
	return kept(&c.mu, c.objects, to, func() *s3.Client { return S3(c.as(c.destination, to, "destinationRoles")) })
}

func accessOf(role, runID, region string) access {
	if role == "" {
		return access{region: region}
	}
	return access{role: role, session: sessionName(runID), region: region}
}

// kept returns the client for an access, and makes it at the first use.
func kept[C any](mu *sync.Mutex, clients map[access]*C, to access, create func() *C) *C {
	mu.Lock()
	defer mu.Unlock()
	if client := clients[to]; client != nil {
		return client
	}
	if len(clients) >= maxKept {
		clear(clients)
	}
	clients[to] = create()
	return clients[to]
}
