package glue_test

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dynamodb-to-s3/local/glue"

	"github.com/aws/aws-sdk-go-v2/aws"
	service "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

func TestRefusedCallsChangeNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.ok(f.create(input("orders")))
	f.server.Refuse("UpdateTable", glue.LakeFormationDenial("Alter", "orders"), 1)
	f.server.Refuse("UpdateTable", glue.Throttle(), 1)
	f.server.Refuse("UpdateTable", &types.InternalServiceException{Message: aws.String("no")}, 1)
	err := f.update(input("orders"), nil)
	f.fails(err, "AccessDeniedException: Insufficient Lake Formation permission(s): Required Alter on orders")
	if _, ok := errors.AsType[*types.AccessDeniedException](err); !ok {
		t.Errorf("the SDK has another type for it: %v", err)
	}
	f.fails(f.update(input("orders"), nil), "ThrottlingException: Rate exceeded")
	err = f.update(input("orders"), nil)
	f.fails(err, "InternalServiceException: no")
	if answer, ok := errors.AsType[*smithyhttp.ResponseError](err); !ok || answer.HTTPStatusCode() != http.StatusInternalServerError {
		t.Errorf("the status is not 500: %v", err)
	}
	if version := *f.table("orders").VersionId; version != "0" {
		t.Errorf("the version is %s after refused calls", version)
	}
	f.ok(f.update(input("orders"), nil))
	want := []string{"CreateDatabase", "CreateTable", "UpdateTable", "UpdateTable", "UpdateTable", "GetTable", "UpdateTable"}
	if calls := f.server.Calls(); !slices.Equal(calls, want) {
		t.Errorf("the calls are %v", calls)
	}
}

func TestCallsWithLostAnswersAreCarriedOut(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.ok(f.create(input("orders")))
	f.server.Lose("UpdateTable", 1)
	err := f.update(input("orders"), aws.String("0"))
	if _, answered := errors.AsType[smithy.APIError](err); err == nil || answered {
		t.Errorf("a lost answer: %v", err)
	}
	if version := *f.table("orders").VersionId; version != "1" {
		t.Errorf("the version is %s after a lost answer", version)
	}
}

// A change just before an update makes the update fail.
func TestChangeBeforeACall(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.ok(f.create(input("orders")))
	f.server.Before("UpdateTable", func(in any) {
		update, ok := in.(*service.UpdateTableInput)
		if !ok || !*update.SkipArchive || *update.VersionId != "0" {
			t.Errorf("the input is %+v", in)
		}
		if err := f.update(input("orders"), aws.String("0")); err != nil {
			t.Error(err)
		}
	})
	f.fails(f.update(input("orders"), aws.String("0")), "ConcurrentModificationException: Update table failed due to concurrent modifications.")
	if version := *f.table("orders").VersionId; version != "1" {
		t.Errorf("the version is %s", version)
	}
}

// A server with a file begins with the catalog of the last one.
func TestCatalogIsKeptInItsFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "glue", "catalog.json")
	var saved []byte
	for run := range 3 {
		server, err := glue.Start(t.Context(), glue.Options{File: file})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(server.Stop)
		cfg, err := server.AWS(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		f := &fixture{service.NewFromConfig(cfg), server, t}
		switch run {
		case 0:
			_, err = f.CreateDatabase(t.Context(), &service.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{Name: aws.String("lake")}})
			f.ok(err)
			f.ok(f.create(input(history, "run_time", "string", "number", "int")))
			f.ok(f.add(partition("s3://demo/1/", "2026-11-27", "1")))
			f.ok(f.update(input(history, "run_time", "string", "number", "int"), aws.String("0")))
			f.fails(f.create(input(history)), "AlreadyExistsException: Table already exists.")
		case 1:
			if got := f.table(history); *got.VersionId != "1" || len(got.StorageDescriptor.Columns) != 2 || got.CreateTime == nil {
				t.Errorf("the table is %+v", got)
			}
			if p, err := f.partition("2026-11-27", "1"); err != nil || *p.StorageDescriptor.Location != "s3://demo/1/" {
				t.Errorf("the partition is %+v, %v", p, err)
			}
			if saved, err = os.ReadFile(file); err != nil {
				t.Fatal(err)
			}
		case 2:
			if again, err := os.ReadFile(file); err != nil || string(again) != string(saved) {
				t.Errorf("calls that only read have changed the file: %v", err)
			}
		}
		server.Stop()
	}
	if err := os.WriteFile(file, []byte("["), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := glue.Start(t.Context(), glue.Options{File: file}); err == nil || !strings.Contains(err.Error(), "catalog.json is not a catalog of this server; delete it") {
		t.Errorf("a damaged file: %v", err)
	}
}

func TestUnknownOperations(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, target := range []string{"AWSGlue.GetCrawlers", "AmazonAthena.GetTable", ""} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.server.URL, strings.NewReader("{}"))
		f.ok(err)
		request.Header.Set("X-Amz-Target", target)
		response, err := http.DefaultClient.Do(request)
		f.ok(err)
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusBadRequest || !strings.Contains(string(body), `"__type":"UnknownOperationException"`) {
			t.Errorf("%s: %d %s %v", target, response.StatusCode, body, err)
		}
	}
}
