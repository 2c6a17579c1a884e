package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/local/checkout"
	"dynamodb-to-s3/local/glue"

	sdk "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// localDatabase is the database of the catalog if this process starts S3 and Glue.
const localDatabase = "local"

// catalogDatabase returns the database of the catalog, "" if runs keep no tables.
func catalogDatabase(aws bool) string {
	ownGlue := !aws && endpointVariable(envGlueEndpoint) == ""
	if ownGlue && endpointVariable(envS3Endpoint) == "" {
		return cmp.Or(os.Getenv(contract.EnvCatalog), localDatabase)
	}
	return os.Getenv(contract.EnvCatalog)
}

// startsGlue reports whether this process starts a Glue.
func (o options) startsGlue() bool {
	return !o.aws && endpointVariable(envGlueEndpoint) == "" && catalogDatabase(o.aws) != ""
}

// startGlue starts a Glue, if the environment names none, with the database of the catalog. Beside objects that this process keeps in
// files, it keeps its tables in a file too.
func (s *services) startGlue(ctx context.Context, o options, repository checkout.Repository) error {
	s.database, s.glue = catalogDatabase(o.aws), s.identity
	if !o.startsGlue() {
		return nil
	}
	setup := glue.Options{Listener: o.glueListener}
	if s.s3Folder != "" {
		setup.File = filepath.Join(repository.Local(), "glue", "catalog.json")
	}
	server, err := glue.Start(ctx, setup)
	if err != nil {
		return err
	}
	s.stops = append(s.stops, server.Stop)
	if s.glue, err = server.AWS(ctx); err != nil {
		return err
	}
	_, err = awsclient.Glue(s.glue).CreateDatabase(ctx, &sdk.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{Name: &s.database}})
	if _, exists := errors.AsType[*types.AlreadyExistsException](err); err != nil && !exists {
		return fmt.Errorf("create the database of %s: %w", contract.EnvCatalog, err)
	}
	return nil
}
