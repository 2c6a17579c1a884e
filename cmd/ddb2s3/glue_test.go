package main

import (
	"fmt"
	"testing"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// A run shows itself in the database that the environment names, in the Glue that it names.
func TestRunShowsItselfInAGlue(t *testing.T) {
	t.Parallel()
	client, server := testservers.Glue(t)
	if _, err := client.CreateDatabase(t.Context(), &glue.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{Name: aws.String("lake")}}); err != nil {
		t.Fatal(err)
	}
	table, bucket := testservers.Orders(t, 10), testservers.Bucket(t)
	cmd := program(t.Context(), t, "run", "--input", requestFile(t, fmt.Sprintf(`{"table": %q, "bucket": %q, "catalog": {"table": "orders"}}`, table, bucket)))
	cmd.Env = append(cmd.Env, envGlueEndpoint+"="+server.URL, contract.EnvCatalog+"=lake")
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v:\n%s", err, said)
	}
	found, err := client.GetTable(t.Context(), &glue.GetTableInput{DatabaseName: aws.String("lake"), Name: aws.String("orders")})
	if err != nil || found.Table.Parameters["ddb2s3.source"] == "" {
		t.Errorf("the table is %+v, %v", found, err)
	}
}

// The catalog of a run without any setting is the one that this process keeps beside its objects.
func TestDatabaseOfTheCatalog(t *testing.T) {
	for _, c := range []struct {
		s3, glue, database string
		aws                bool
		want               string
		starts             bool
	}{
		{want: "local", starts: true},
		{database: "lake", want: "lake", starts: true},
		{s3: "http://127.0.0.1:9000"},
		{s3: "http://127.0.0.1:9000", database: "lake", want: "lake", starts: true},
		{glue: "http://127.0.0.1:5000"},
		{glue: "http://127.0.0.1:5000", database: "lake", want: "lake"},
		{aws: true},
		{aws: true, database: "lake", want: "lake"},
	} {
		t.Setenv(envEndpoint, "")
		t.Setenv(envS3Endpoint, c.s3)
		t.Setenv(envGlueEndpoint, c.glue)
		t.Setenv(contract.EnvCatalog, c.database)
		if got, starts := catalogDatabase(c.aws), (options{aws: c.aws}).startsGlue(); got != c.want || starts != c.starts {
			t.Errorf("%+v: got %q, and starts a Glue: %t", c, got, starts)
		}
	}
}
