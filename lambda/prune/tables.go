package prune

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/fault"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// tables looks into the catalog. It is safe for concurrent use.
type tables struct {
	glue   *glue.Client
	source string           // the ARN of the DynamoDB table
	plan   *run.CatalogPlan // of the run that has just been committed

	mu    sync.Mutex
	known map[run.CatalogPlan]*shown
}

// shown is what the tables of a run's catalog show.
type shown struct {
	// unknown says that the function may not look: the tables are of a database that the deployment had before.
	unknown bool
	// newest is the run at which the table of the newest run points; nil if there is no such table of ours. location is where it points.
	newest   *candidate
	location string
	// history and changes are the tables with a partition for each run and for each window.
	history, changes []string
}

// of returns what the tables of a plan show; nil if the plan has no catalog.
func (t *tables) of(ctx context.Context, plan *run.CatalogPlan) (*shown, error) {
	if plan == nil || plan.Database == "" {
		return nil, nil //nolint:nilnil // most runs of a deployment without a catalog
	}
	at := run.CatalogPlan{Database: plan.Database, Table: plan.Table}
	t.mu.Lock()
	defer t.mu.Unlock()
	if s, known := t.known[at]; known {
		return s, nil
	}
	s, err := t.load(ctx, at)
	if err != nil && failure.NameOf(err).Permanent() && (t.plan == nil || t.plan.Database != at.Database) {
		s, err = &shown{unknown: true}, nil
	}
	if err == nil {
		t.known[at] = s
	}
	return s, err
}

func (t *tables) load(ctx context.Context, at run.CatalogPlan) (*shown, error) {
	s := &shown{}
	pattern := regexp.QuoteMeta(at.Table) + `(_history|_changes)?(_[0-9]+)?`
	exact := regexp.MustCompile("^" + pattern + "$")
	pages := glue.NewGetTablesPaginator(t.glue, &glue.GetTablesInput{DatabaseName: &at.Database, Expression: &pattern})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if fault.NotInGlue(err) { // the database is gone
			return s, nil
		}
		if err != nil {
			return nil, failed(err, "glue:GetTables", at.Database, at.Table)
		}
		for _, table := range page.TableList {
			name := aws.ToString(table.Name)
			match := exact.FindStringSubmatch(name)
			switch {
			case match == nil: // a server may ignore the pattern
			case name == at.Table:
				if err := t.pointed(s, at, table); err != nil {
					return nil, err
				}
			case match[1] == "_history":
				s.history = append(s.history, name)
			case match[1] == "_changes":
				s.changes = append(s.changes, name)
			}
		}
	}
	return s, nil
}

// pointed reads at which run the table of the newest run points.
func (t *tables) pointed(s *shown, at run.CatalogPlan, table types.Table) error {
	if table.StorageDescriptor != nil {
		s.location = aws.ToString(table.StorageDescriptor.Location)
	}
	if table.Parameters[run.ParameterSource] != t.source {
		return nil
	}
	asOf, err := time.Parse(time.RFC3339Nano, table.Parameters[run.ParameterAsOf])
	if err != nil {
		return failure.Errorf(failure.PruneFailed, "table %s.%s does not say which moment it shows: its parameter %s is not a time. Remove the table, and start a run, which creates it again",
			at.Database, at.Table, run.ParameterAsOf)
	}
	s.newest = &candidate{id: table.Parameters[run.ParameterRun], asOf: asOf}
	return nil
}

// shownInCatalog reports whether a run stays because the table of the newest run points at it or at an older one. If nobody can look, it stays.
func (p *prune) shownInCatalog(ctx context.Context, c *candidate) (bool, error) {
	s, err := p.tables.of(ctx, c.catalog)
	if s == nil || err != nil {
		return false, err
	}
	if s.unknown {
		p.log.WarnContext(ctx, "a run stays, because tables of another database may show it", "run", c.id, "database", c.catalog.Database)
	}
	return s.unknown || p.pointsAt(s.location, c) || s.newest != nil && older(c, s.newest) >= 0, nil
}

// pointsAt reports whether a location is in a folder of the run.
func (p *prune) pointsAt(location string, c *candidate) bool {
	within := func(folder string) bool { return strings.HasPrefix(location+"/", p.bucket.URI(folder)+"/") }
	return within(c.root) || slices.ContainsFunc(c.exports, func(e exported) bool { return within(e.folder) })
}

// removePartitions removes the partitions of a run, and reports whether there were any. If a window was exported again, its partition is the later
// export's, and stays.
func (p *prune) removePartitions(ctx context.Context, c *candidate) (any bool, err error) {
	s, err := p.tables.of(ctx, c.catalog)
	if s == nil || err != nil {
		return false, err
	}
	remove := func(tables []string, values ...string) {
		for _, table := range tables {
			if err == nil {
				var removed bool
				removed, err = p.removePartition(ctx, c, table, values)
				any = any || removed
			}
		}
	}
	if len(c.exports) == 0 {
		remove(s.history, run.PartitionTime(c.asOf), c.id)
	}
	for _, e := range c.exports {
		if e.ExportType == request.ExportFull {
			remove(s.history, run.PartitionTime(*e.ExportTime), c.id)
		} else {
			remove(s.changes, run.PartitionTime(*e.From), run.PartitionTime(*e.To))
		}
	}
	return any, err
}

// removePartition removes a partition if it is the run's.
func (p *prune) removePartition(ctx context.Context, c *candidate, table string, values []string) (removed bool, err error) {
	database := c.catalog.Database
	answer, err := p.tables.glue.GetPartition(ctx, &glue.GetPartitionInput{DatabaseName: &database, TableName: &table, PartitionValues: values})
	if fault.NotInGlue(err) {
		return false, nil
	}
	if err != nil {
		return false, failed(err, "glue:GetPartition", database, table)
	}
	if answer.Partition == nil || answer.Partition.StorageDescriptor == nil || !p.pointsAt(aws.ToString(answer.Partition.StorageDescriptor.Location), c) {
		return false, nil
	}
	_, err = p.tables.glue.DeletePartition(ctx, &glue.DeletePartitionInput{DatabaseName: &database, TableName: &table, PartitionValues: values})
	if err == nil || fault.NotInGlue(err) {
		return true, nil
	}
	return false, failed(err, "glue:DeletePartition", database, table)
}

// failed gives an error of a call its name.
func failed(err error, action, database, table string) error {
	return fault.GlueCall{Action: action, Database: database, Table: table, Function: string(contract.FunctionPrune), Refused: failure.PruneFailed}.Named(err)
}
