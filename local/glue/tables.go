package glue

import (
	"regexp"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

func (s *Server) createTable(in *glue.CreateTableInput) (*glue.CreateTableOutput, error) {
	c := new(check).catalog(in.CatalogId).name("databaseName", in.DatabaseName)
	c.table(in.TableInput)
	if err := c.err(); err != nil {
		return nil, err
	}
	d, err := s.database(in.DatabaseName)
	if err != nil {
		return nil, err
	}
	name := fold(in.TableInput.Name)
	if d.Tables[name] != nil {
		return nil, exists("Table already exists.")
	}
	t := &table{Partitions: map[string]*types.Partition{}, Table: types.Table{
		Name: &name, DatabaseName: d.Database.Name, CatalogId: aws.String(Account), CreateTime: now(),
		CreatedBy: aws.String("arn:aws:iam::" + Account + ":root"), VersionId: aws.String("0"),
	}}
	t.set(in.TableInput)
	d.Tables[name] = t
	return &glue.CreateTableOutput{}, nil
}

// set replaces everything of a table that an input has.
func (t *table) set(in *types.TableInput) {
	t.Table.Description, t.Table.Owner, t.Table.Retention = in.Description, in.Owner, in.Retention
	t.Table.LastAccessTime, t.Table.LastAnalyzedTime, t.Table.UpdateTime = in.LastAccessTime, in.LastAnalyzedTime, now()
	t.Table.Parameters, t.Table.PartitionKeys, t.Table.StorageDescriptor = in.Parameters, in.PartitionKeys, in.StorageDescriptor
	t.Table.TableType, t.Table.ViewExpandedText, t.Table.ViewOriginalText = in.TableType, in.ViewExpandedText, in.ViewOriginalText
}

func (s *Server) getTable(in *glue.GetTableInput) (*glue.GetTableOutput, error) {
	if err := new(check).catalog(in.CatalogId).name("databaseName", in.DatabaseName).name("name", in.Name).err(); err != nil {
		return nil, err
	}
	t, err := s.table(in.DatabaseName, in.Name)
	if err != nil {
		return nil, err
	}
	return &glue.GetTableOutput{Table: &t.Table}, nil
}

func (s *Server) getTables(in *glue.GetTablesInput) (*glue.GetTablesOutput, error) {
	c := new(check).catalog(in.CatalogId).name("databaseName", in.DatabaseName)
	limit := c.limit(in.MaxResults, maxPage)
	pattern, err := regexp.Compile("^(?:" + aws.ToString(in.Expression) + ")$")
	if err != nil {
		c.problem("Expression: %v", err)
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	d, err := s.database(in.DatabaseName)
	if err != nil {
		return nil, err
	}
	found, next, err := page(d.Tables, in.NextToken, limit, func(name string, _ *table) bool {
		return aws.ToString(in.Expression) == "" || pattern.MatchString(name)
	})
	out := &glue.GetTablesOutput{TableList: []types.Table{}, NextToken: next}
	for _, t := range found {
		out.TableList = append(out.TableList, t.Table)
	}
	return out, err
}

// updateTable replaces a table. With a VersionId, it does so only if the table still has that version.
func (s *Server) updateTable(in *glue.UpdateTableInput) (*glue.UpdateTableOutput, error) {
	c := new(check).catalog(in.CatalogId).name("databaseName", in.DatabaseName)
	c.table(in.TableInput)
	if err := c.err(); err != nil {
		return nil, err
	}
	t, err := s.table(in.DatabaseName, in.TableInput.Name)
	if err != nil {
		return nil, err
	}
	if in.VersionId != nil && *in.VersionId != *t.Table.VersionId {
		message := "Update table failed due to concurrent modifications."
		return nil, &types.ConcurrentModificationException{Message: &message}
	}
	if len(t.Partitions) > 0 && len(in.TableInput.PartitionKeys) != len(t.Table.PartitionKeys) {
		return nil, invalid("PartitionKeys: the table has partitions with %d values", len(t.Table.PartitionKeys))
	}
	version, err := strconv.Atoi(*t.Table.VersionId)
	if err != nil {
		return nil, err
	}
	t.set(in.TableInput)
	t.Table.VersionId = aws.String(strconv.Itoa(version + 1))
	return &glue.UpdateTableOutput{}, nil
}

// deleteTable deletes a table with its partitions.
func (s *Server) deleteTable(in *glue.DeleteTableInput) (*glue.DeleteTableOutput, error) {
	if err := new(check).catalog(in.CatalogId).name("databaseName", in.DatabaseName).name("name", in.Name).err(); err != nil {
		return nil, err
	}
	if _, err := s.table(in.DatabaseName, in.Name); err != nil {
		return nil, err
	}
	delete(s.catalog[fold(in.DatabaseName)].Tables, fold(in.Name))
	return &glue.DeleteTableOutput{}, nil
}
