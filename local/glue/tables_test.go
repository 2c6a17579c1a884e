package glue_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	service "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sync/errgroup"
)

func TestDatabases(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, err := f.GetDatabase(t.Context(), &service.GetDatabaseInput{Name: aws.String("sea")})
	f.fails(err, "EntityNotFoundException: Database sea not found.")
	sea := &service.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{
		Name: aws.String("Sea"), Description: aws.String("salt"), LocationUri: aws.String("s3://demo/"), Parameters: map[string]string{"a": "b"},
	}}
	_, err = f.CreateDatabase(t.Context(), sea)
	f.ok(err)
	out, err := f.GetDatabase(t.Context(), &service.GetDatabaseInput{Name: aws.String("SEA"), CatalogId: aws.String("000000000000")})
	f.ok(err)
	want := &types.Database{
		Name: aws.String("sea"), Description: aws.String("salt"), LocationUri: aws.String("s3://demo/"), Parameters: map[string]string{"a": "b"},
		CatalogId: aws.String("000000000000"), CreateTime: out.Database.CreateTime,
	}
	if diff := cmp.Diff(want, out.Database, cmpopts.IgnoreUnexported(types.Database{})); diff != "" || out.Database.CreateTime == nil {
		t.Errorf("the database (-want +got):\n%s", diff)
	}
	_, err = f.CreateDatabase(t.Context(), sea)
	f.fails(err, "AlreadyExistsException: Database already exists.")
	var names []string
	pages := service.NewGetDatabasesPaginator(f.Client, &service.GetDatabasesInput{MaxResults: aws.Int32(1)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		f.ok(err)
		if len(page.DatabaseList) != 1 {
			t.Errorf("a page of %d databases", len(page.DatabaseList))
		}
		names = append(names, *page.DatabaseList[0].Name)
	}
	if !slices.Equal(names, []string{"lake", "sea"}) {
		t.Errorf("the databases are %v", names)
	}
}

func TestTables(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, err := f.GetTable(t.Context(), &service.GetTableInput{DatabaseName: aws.String("lake"), Name: aws.String("orders")})
	f.fails(err, "EntityNotFoundException: Table orders not found.")
	_, err = f.GetTable(t.Context(), &service.GetTableInput{DatabaseName: aws.String("sea"), Name: aws.String("orders")})
	f.fails(err, "EntityNotFoundException: Database sea not found.")
	f.fails(f.update(input("orders"), nil), "EntityNotFoundException: Table orders not found.")
	in := input("Orders", "run_time", "string")
	f.ok(f.create(in))
	f.fails(f.create(in), "AlreadyExistsException: Table already exists.")
	got := f.table("ORDERS")
	want := &types.Table{
		Name: aws.String("orders"), DatabaseName: aws.String("lake"), CatalogId: aws.String("000000000000"), VersionId: aws.String("0"),
		CreatedBy: aws.String("arn:aws:iam::000000000000:root"), CreateTime: got.CreateTime, UpdateTime: got.UpdateTime,
		TableType: in.TableType, Parameters: in.Parameters, PartitionKeys: in.PartitionKeys, StorageDescriptor: in.StorageDescriptor,
	}
	unexported := cmpopts.IgnoreUnexported(types.Table{}, types.Column{}, types.StorageDescriptor{}, types.SerDeInfo{})
	if diff := cmp.Diff(want, got, unexported); diff != "" || got.CreateTime == nil || got.UpdateTime == nil {
		t.Errorf("the table (-want +got):\n%s", diff)
	}
	_, err = f.DeleteTable(t.Context(), &service.DeleteTableInput{DatabaseName: aws.String("lake"), Name: aws.String("orders")})
	f.ok(err)
	_, err = f.DeleteTable(t.Context(), &service.DeleteTableInput{DatabaseName: aws.String("lake"), Name: aws.String("orders")})
	f.fails(err, "EntityNotFoundException: Table orders not found.")
}

func TestListOfTables(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, name := range []string{"orders", "orders_history", "orders_changes", "people"} {
		f.ok(f.create(input(name)))
	}
	for expression, want := range map[string][]string{
		"":            {"orders", "orders_changes", "orders_history", "people"},
		"orders":      {"orders"},
		"orders_.*":   {"orders_changes", "orders_history"},
		"people|none": {"people"},
	} {
		var names []string
		pages := service.NewGetTablesPaginator(f.Client, &service.GetTablesInput{
			DatabaseName: aws.String("lake"), Expression: &expression, MaxResults: aws.Int32(2),
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(t.Context())
			f.ok(err)
			for _, table := range page.TableList {
				names = append(names, *table.Name)
			}
		}
		if !slices.Equal(names, want) {
			t.Errorf("%q: got %v, want %v", expression, names, want)
		}
	}
	_, err := f.GetTables(t.Context(), &service.GetTablesInput{DatabaseName: aws.String("lake"), NextToken: aws.String("?")})
	f.fails(err, `InvalidInputException: NextToken: got "?", want the NextToken of another answer`)
}

// An update replaces everything, under the next VersionId, but only the version that it names.
func TestUpdatesCompareAndSwap(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.ok(f.create(input("orders")))
	next := input("orders")
	next.Parameters, next.Description = map[string]string{"ddb2s3.run": "1"}, aws.String("one")
	f.ok(f.update(next, aws.String("0")))
	f.fails(f.update(input("orders"), aws.String("0")), "ConcurrentModificationException: Update table failed due to concurrent modifications.")
	if got := f.table("orders"); *got.VersionId != "1" || *got.Description != "one" || !cmp.Equal(got.Parameters, next.Parameters) {
		t.Errorf("after an update and a refused one: %+v", got)
	}
	if _, ok := errors.AsType[*types.ConcurrentModificationException](f.update(next, aws.String("2"))); !ok {
		t.Error("a version of the future is not refused")
	}
	f.ok(f.update(input("orders"), nil))
	if got := f.table("orders"); *got.VersionId != "2" || got.Description != nil {
		t.Errorf("after an update without a version: %+v", got)
	}
	// Of many updates of one version, one succeeds.
	var succeeded atomic.Int64
	var all errgroup.Group
	for range 20 {
		all.Go(func() error {
			err := f.update(input("orders"), aws.String("2"))
			if err == nil {
				succeeded.Add(1)
			} else if _, ok := errors.AsType[*types.ConcurrentModificationException](err); !ok {
				return err
			}
			return nil
		})
	}
	f.ok(all.Wait())
	if got := *f.table("orders").VersionId; succeeded.Load() != 1 || got != "3" {
		t.Errorf("%d updates of one version succeeded, and the version is %s", succeeded.Load(), got)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	long := func(n int) string { return strings.Repeat("ü", n) }
	with := func(change func(*types.TableInput)) *types.TableInput {
		in := input("orders", "run_time", "string")
		change(in)
		return in
	}
	tooLong := func(member string, most int) string {
		return fmt.Sprintf("Value at '%s' failed to satisfy constraint: Member must have length less than or equal to %d, but has %d", member, most, most+1)
	}
	for _, c := range []struct {
		in   *types.TableInput
		want string // a problem; "" if it is created
	}{
		{with(func(in *types.TableInput) { in.Name = aws.String(long(255)) }), ""},
		{with(func(in *types.TableInput) { in.Name = aws.String(long(256)) }), tooLong("tableInput.name", 255)},
		{with(func(in *types.TableInput) { in.Name = aws.String("") }), "Value '' at 'tableInput.name' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{with(func(in *types.TableInput) { in.Name = aws.String("a\nb") }), "Value at 'tableInput.name' failed to satisfy constraint: Member must satisfy regular expression pattern"},
		{with(func(in *types.TableInput) { in.Description = aws.String(long(2049)) }), tooLong("tableInput.description", 2048)},
		{with(func(in *types.TableInput) { in.Parameters = map[string]string{"": "a"} }), "Value '' at 'tableInput.parameters key' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{with(func(in *types.TableInput) { in.Parameters = map[string]string{"k": strings.Repeat("a", 512_001)} }), tooLong("tableInput.parameters.k", 512_000)},
		{with(func(in *types.TableInput) { in.StorageDescriptor.Location = aws.String(long(2057)) }), tooLong("tableInput.storageDescriptor.location", 2056)},
		{with(func(in *types.TableInput) { in.StorageDescriptor.Columns[1].Name = aws.String(long(256)) }), tooLong("tableInput.storageDescriptor.columns.2.member.name", 255)},
		{with(func(in *types.TableInput) { in.StorageDescriptor.Columns[0].Comment = aws.String(long(256)) }), tooLong("tableInput.storageDescriptor.columns.1.member.comment", 255)},
		{with(func(in *types.TableInput) { in.StorageDescriptor.Columns[0].Type = aws.String(long(131_073)) }), tooLong("tableInput.storageDescriptor.columns.1.member.type", 131_072)},
		{with(func(in *types.TableInput) { in.PartitionKeys[0].Name = aws.String(long(256)) }), tooLong("tableInput.partitionKeys.1.member.name", 255)},
		{with(func(in *types.TableInput) { in.PartitionKeys[0].Name = aws.String("Total") }), "the column total is there twice"},
		{with(func(in *types.TableInput) { in.StorageDescriptor.Columns[1].Name = aws.String("ID") }), "the column id is there twice"},
	} {
		err := f.create(c.in)
		if c.want == "" && err != nil || c.want != "" && !strings.Contains(fmt.Sprint(err), "InvalidInputException: 1 validation error detected: "+c.want) {
			t.Errorf("got %v\nwant %q", err, c.want)
		}
	}
	_, err := f.GetTable(t.Context(), &service.GetTableInput{DatabaseName: aws.String("lake"), Name: aws.String("orders"), CatalogId: aws.String("123456789012")})
	f.fails(err, `InvalidInputException: 1 validation error detected: CatalogId: got "123456789012", want 000000000000 or none`)
	for _, most := range []int32{0, 101} {
		_, err = f.GetTables(t.Context(), &service.GetTablesInput{DatabaseName: aws.String("lake"), MaxResults: &most})
		f.fails(err, fmt.Sprintf("InvalidInputException: 1 validation error detected: Value '%d' at 'maxResults' failed to satisfy constraint: Member must be between 1 and 100", most))
	}
}
