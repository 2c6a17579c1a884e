package prune

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/fault"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// The parameters with which the step Catalog says what a table shows.
const (
	paramSource = "ddb2s3.source"
	paramRun    = "ddb2s3.run"
	paramAsOf   = "ddb2s3.as_of"
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
	// hidden says that nobody may look: the tables are of a database that the deployment had before.
	hidden bool
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
	name := failure.NameOf(err)
	if denied := name == failure.AccessDenied || name == failure.LakeFormationDenied; denied && (t.plan == nil || t.plan.Database != at.Database) {
		s, err = &shown{hidden: true}, nil
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
		if missing(err) { // the database is gone
			return s, nil
		}
		if err != nil {
			return nil, namedOf(err, "glue:GetTables", at.Database)
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
	if table.Parameters[paramSource] != t.source {
		return nil
	}
	asOf, err := time.Parse(time.RFC3339Nano, table.Parameters[paramAsOf])
	if err != nil {
		return failure.Errorf(failure.PruneFailed, "table %s.%s does not say which moment it shows: its parameter %s is not a time. Remove the table, and start a run, which creates it again",
			at.Database, at.Table, paramAsOf)
	}
	s.newest = &candidate{id: table.Parameters[paramRun], asOf: asOf}
	return nil
}

// shownInCatalog reports whether a run stays because the table of the newest run points at it or at an older one. If nobody can look, it stays.
func (p *prune) shownInCatalog(ctx context.Context, c *candidate) (bool, error) {
	s, err := p.tables.of(ctx, c.catalog)
	if s == nil || err != nil {
		return false, err
	}
	if s.hidden {
		p.log.WarnContext(ctx, "a run stays, because tables of another database may show it", "run", c.id, "database", c.catalog.Database)
	}
	return s.hidden || p.pointsAt(s, c) || s.newest != nil && older(c, s.newest) >= 0, nil
}

// pointsAt reports whether the table of the newest run points at this run.
func (p *prune) pointsAt(s *shown, c *candidate) bool {
	if strings.HasPrefix(s.location+"/", p.bucket.URI(c.root)+"/") || s.newest != nil && s.newest.id == c.id && s.newest.asOf.Equal(c.asOf) {
		return true
	}
	for _, w := range c.windows {
		if strings.HasPrefix(s.location+"/", p.bucket.URI(p.folderOf(w))+"/") {
			return true
		}
	}
	return false
}

// removePartitions removes the partitions of a run. If a window was exported again, its partition is the later export's, and stays.
func (p *prune) removePartitions(ctx context.Context, c *candidate) error {
	s, err := p.tables.of(ctx, c.catalog)
	if s == nil || err != nil {
		return err
	}
	full := []string{run.PartitionTime(c.asOf), c.id}
	for _, table := range s.history {
		if err := p.removePartition(ctx, c, table, full); err != nil {
			return err
		}
	}
	for _, w := range c.windows {
		if w.From == nil || w.To == nil {
			continue
		}
		for _, table := range s.changes {
			if err := p.removePartition(ctx, c, table, []string{run.PartitionTime(*w.From), run.PartitionTime(*w.To)}); err != nil {
				return err
			}
		}
	}
	return nil
}

// removePartition removes a partition if it is the run's.
func (p *prune) removePartition(ctx context.Context, c *candidate, table string, values []string) error {
	on := c.catalog.Database + "." + table
	answer, err := p.tables.glue.GetPartition(ctx, &glue.GetPartitionInput{DatabaseName: &c.catalog.Database, TableName: &table, PartitionValues: values})
	if missing(err) {
		return nil
	}
	if err != nil {
		return namedOf(err, "glue:GetPartition", on)
	}
	of := &shown{}
	if answer.Partition != nil && answer.Partition.StorageDescriptor != nil {
		of.location = aws.ToString(answer.Partition.StorageDescriptor.Location)
	}
	if !p.pointsAt(of, c) {
		return nil
	}
	_, err = p.tables.glue.DeletePartition(ctx, &glue.DeletePartitionInput{DatabaseName: &c.catalog.Database, TableName: &table, PartitionValues: values})
	if err == nil || missing(err) {
		return nil
	}
	return namedOf(err, "glue:DeletePartition", on)
}

// missing reports whether Glue says that a database, a table or a partition does not exist.
func missing(err error) bool {
	_, is := errors.AsType[*types.EntityNotFoundException](err)
	return is
}

// namedOf gives an error of Glue its name.
func namedOf(err error, action, on string) error {
	if strings.Contains(fault.Words(err), "Lake Formation") {
		return failure.Errorf(failure.LakeFormationDenied, "%s on %s: Lake Formation denies it: grant the role of the function prune DESCRIBE and DELETE on the tables (%s: %s)",
			action, on, fault.Code(err), fault.Words(err))
	}
	call := fault.Call{Service: "Glue", Action: action, On: on, Role: "the role of the function prune, and the policy of the catalog", Key: "the KMS key of the catalog"}
	err = call.Named(err)
	switch code := fault.Code(err); code {
	case "ConcurrentModificationException", "OperationTimeoutException": // a retry can help
	case "EntityNotFoundException", "InvalidInputException", "GlueEncryptionException", "PermissionTypeMismatchException":
		return failure.Errorf(failure.PruneFailed, "%w", err)
	}
	return fmt.Errorf("change the catalog: %w", err)
}
