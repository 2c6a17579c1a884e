package glue

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// maxPage is the largest page of databases and of tables.
const maxPage = 100

func (s *Server) createDatabase(in *glue.CreateDatabaseInput) (*glue.CreateDatabaseOutput, error) {
	c := new(check).catalog(in.CatalogId)
	if c.there("databaseInput", in.DatabaseInput != nil) {
		c.name("databaseInput.name", in.DatabaseInput.Name)
		c.parameters("databaseInput.parameters", in.DatabaseInput.Parameters)
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	name := fold(in.DatabaseInput.Name)
	if s.catalog[name] != nil {
		return nil, exists("Database already exists.")
	}
	s.catalog[name] = &database{Tables: map[string]*table{}, Database: types.Database{
		Name: &name, CatalogId: aws.String(Account), CreateTime: now(), Description: in.DatabaseInput.Description,
		LocationUri: in.DatabaseInput.LocationUri, Parameters: in.DatabaseInput.Parameters,
	}}
	return &glue.CreateDatabaseOutput{}, nil
}

func (s *Server) getDatabase(in *glue.GetDatabaseInput) (*glue.GetDatabaseOutput, error) {
	if err := new(check).catalog(in.CatalogId).name("name", in.Name).err(); err != nil {
		return nil, err
	}
	d, err := s.database(in.Name)
	if err != nil {
		return nil, err
	}
	return &glue.GetDatabaseOutput{Database: &d.Database}, nil
}

func (s *Server) getDatabases(in *glue.GetDatabasesInput) (*glue.GetDatabasesOutput, error) {
	c := new(check).catalog(in.CatalogId)
	limit := c.limit(in.MaxResults, maxPage)
	if err := c.err(); err != nil {
		return nil, err
	}
	found, next, err := page(s.catalog, in.NextToken, limit, func(string, *database) bool { return true })
	out := &glue.GetDatabasesOutput{DatabaseList: []types.Database{}, NextToken: next}
	for _, d := range found {
		out.DatabaseList = append(out.DatabaseList, d.Database)
	}
	return out, err
}
