package glue_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	service "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// history is the name of the table of these tests, with two keys.
const history = "orders_history"

func newHistory(t *testing.T) *fixture {
	t.Helper()
	f := newFixture(t)
	f.ok(f.create(input(history, "run_time", "string", "number", "int")))
	return f
}

func partition(location string, values ...string) *types.PartitionInput {
	storage := input(history).StorageDescriptor
	storage.Location = &location
	return &types.PartitionInput{Values: values, StorageDescriptor: storage, Parameters: map[string]string{"rows": "5"}}
}

func (f *fixture) add(in *types.PartitionInput) error {
	_, err := f.CreatePartition(f.t.Context(), &service.CreatePartitionInput{DatabaseName: aws.String("lake"), TableName: aws.String(history), PartitionInput: in})
	return err
}

func (f *fixture) partition(values ...string) (*types.Partition, error) {
	out, err := f.GetPartition(f.t.Context(), &service.GetPartitionInput{DatabaseName: aws.String("lake"), TableName: aws.String(history), PartitionValues: values})
	if err != nil {
		return nil, err
	}
	return out.Partition, nil
}

// partitions returns the values of all partitions that match an expression, and the sizes of the pages.
func (f *fixture) partitions(in *service.GetPartitionsInput) (found []string, sizes []int) {
	f.t.Helper()
	in.DatabaseName, in.TableName = aws.String("lake"), aws.String(history)
	pages := service.NewGetPartitionsPaginator(f.Client, in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(f.t.Context())
		f.ok(err)
		sizes = append(sizes, len(page.Partitions))
		for _, p := range page.Partitions {
			found = append(found, strings.Join(p.Values, "/"))
		}
	}
	return found, sizes
}

func TestPartitions(t *testing.T) {
	t.Parallel()
	f := newHistory(t)
	f.ok(f.add(partition("s3://demo/1/", "2026-11-27", "1")))
	f.fails(f.add(partition("s3://demo/2/", "2026-11-27", "1")), "AlreadyExistsException: Partition already exists.")
	f.fails(f.add(partition("s3://demo/2/", "2026-11-27")), "InvalidInputException: 1 validation error detected: "+
		"The number of partition keys do not match the number of partition values: partitionInput.values has 1, the table has 2")
	p, err := f.partition("2026-11-27", "1")
	f.ok(err)
	if *p.StorageDescriptor.Location != "s3://demo/1/" || p.Parameters["rows"] != "5" || *p.TableName != history || *p.DatabaseName != "lake" ||
		p.CreationTime == nil || !slices.Equal(p.Values, []string{"2026-11-27", "1"}) || len(p.StorageDescriptor.Columns) != 2 {
		t.Errorf("the partition: %+v", p)
	}
	update := func(in *types.PartitionInput, values ...string) error {
		_, err := f.UpdatePartition(t.Context(), &service.UpdatePartitionInput{
			DatabaseName: aws.String("lake"), TableName: aws.String(history), PartitionValueList: values, PartitionInput: in,
		})
		return err
	}
	f.ok(update(partition("s3://demo/3/", "2026-11-27", "1"), "2026-11-27", "1"))
	if p, err = f.partition("2026-11-27", "1"); err != nil || *p.StorageDescriptor.Location != "s3://demo/3/" {
		t.Errorf("after an update: %+v, %v", p, err)
	}
	f.fails(update(partition("s3://demo/3/", "2026-11-27", "2"), "2026-11-27", "2"), "EntityNotFoundException: Cannot find partition.")
	f.fails(update(partition("s3://demo/3/", "2026-11-27", "2"), "2026-11-27", "1"), "InvalidInputException: "+
		"PartitionInput.Values: the values of a partition cannot change: delete it, and create another one")
	f.fails(f.update(input(history, "run_time", "string"), nil), "InvalidInputException: PartitionKeys: the table has partitions with 2 values")
	remove := &service.DeletePartitionInput{DatabaseName: aws.String("lake"), TableName: aws.String(history), PartitionValues: []string{"2026-11-27", "1"}}
	_, err = f.DeletePartition(t.Context(), remove)
	f.ok(err)
	_, err = f.DeletePartition(t.Context(), remove)
	f.fails(err, "EntityNotFoundException: Cannot find partition.")
	_, err = f.partition("2026-11-27", "1")
	f.fails(err, "EntityNotFoundException: Cannot find partition.")
	_, err = f.partition("2026-11-27")
	f.fails(err, "InvalidInputException: 1 validation error detected: "+
		"The number of partition keys do not match the number of partition values: partitionValues has 1, the table has 2")
}

func TestBatches(t *testing.T) {
	t.Parallel()
	f := newHistory(t)
	var all []types.PartitionInput
	var gone []types.PartitionValueList
	for i := range 101 {
		all = append(all, *partition("s3://demo/", "2026-11-27", fmt.Sprint(i)))
		gone = append(gone, types.PartitionValueList{Values: []string{"2026-11-27", fmt.Sprint(i)}})
	}
	create := func(in []types.PartitionInput) ([]types.PartitionError, error) {
		out, err := f.BatchCreatePartition(t.Context(), &service.BatchCreatePartitionInput{DatabaseName: aws.String("lake"), TableName: aws.String(history), PartitionInputList: in})
		if err != nil {
			return nil, err
		}
		return out.Errors, nil
	}
	_, err := create(all)
	f.fails(err, "InvalidInputException: PartitionInputList: got 101, want at most 100")
	f.ok(f.add(&all[7]))
	failed, err := create(all[:100])
	f.ok(err)
	if len(failed) != 1 || *failed[0].ErrorDetail.ErrorCode != "AlreadyExistsException" || failed[0].PartitionValues[1] != "7" {
		t.Errorf("the errors are %+v", failed)
	}
	_, err = create([]types.PartitionInput{all[100], *partition("s3://demo/", "2026-11-27")})
	if err == nil {
		t.Error("a partition with too few values is created")
	}
	if found, sizes := f.partitions(&service.GetPartitionsInput{MaxResults: aws.Int32(30)}); len(found) != 100 || !slices.Equal(sizes, []int{30, 30, 30, 10}) {
		t.Errorf("%d partitions in pages of %v", len(found), sizes)
	}
	remove := func(in []types.PartitionValueList) ([]types.PartitionError, error) {
		out, err := f.BatchDeletePartition(t.Context(), &service.BatchDeletePartitionInput{DatabaseName: aws.String("lake"), TableName: aws.String(history), PartitionsToDelete: in})
		if err != nil {
			return nil, err
		}
		return out.Errors, nil
	}
	_, err = remove(gone[:26])
	f.fails(err, "ValidationException: 1 validation error detected: Value at 'partitionsToDelete' failed to satisfy constraint: Member must have length less than or equal to 25")
	failed, err = remove(gone[76:101])
	f.ok(err)
	if len(failed) != 1 || *failed[0].ErrorDetail.ErrorCode != "EntityNotFoundException" || failed[0].PartitionValues[1] != "100" {
		t.Errorf("the errors are %+v", failed)
	}
	if found, _ := f.partitions(&service.GetPartitionsInput{}); len(found) != 76 || slices.Contains(found, "2026-11-27/99") {
		t.Errorf("%d partitions are left", len(found))
	}
}

func TestListOfPartitions(t *testing.T) {
	t.Parallel()
	f := newHistory(t)
	for _, values := range [][]string{{"2026-11-25", "9"}, {"2026-11-26", "10"}, {"2026-11-27", "11"}, {"it's", "-1"}} {
		f.ok(f.add(partition("s3://demo/", values...)))
	}
	for expression, want := range map[string]string{
		"":                          "2026-11-25/9 2026-11-26/10 2026-11-27/11 it's/-1",
		"number = 9":                "2026-11-25/9",
		"number >= 10":              "2026-11-26/10 2026-11-27/11",
		"NUMBER < 10 and number>-1": "2026-11-25/9",
		"run_time = 'it''s'":        "it's/-1",
		"run_time BETWEEN '2026-11-26' AND '2026-11-27' AND number <> 11": "2026-11-26/10",
		"run_time IN ('2026-11-25', '2026-11-27')":                        "2026-11-25/9 2026-11-27/11",
		"run_time NOT IN ('2026-11-25') AND NOT number = -1":              "2026-11-26/10 2026-11-27/11",
		"number = 9 OR number = 10 AND run_time = '2026-11-27'":           "2026-11-25/9",
		"(number = 9 OR number = 11) AND run_time != '2026-11-27'":        "2026-11-25/9",
		"(((`run_time` <= '2026-11-25')))":                                "2026-11-25/9",
		`"run_time" = 'none'`:                                             "",
	} {
		if found, _ := f.partitions(&service.GetPartitionsInput{Expression: &expression}); strings.Join(found, " ") != want {
			t.Errorf("%s: got %v, want %s", expression, found, want)
		}
	}
	for expression, want := range map[string]string{
		"run_time LIKE '2026%'":   `this server does not support "LIKE"`,
		"total = 1":               "total is not a partition key",
		"run_time = ":             "want a value",
		"run_time = number":       "want a value",
		"run_time":                "want a key and an operator",
		"run_time = 'a' number":   `got "number", want the end of the expression`,
		"(run_time = 'a'":         "want )",
		"run_time IN ('a'":        "want )",
		"run_time BETWEEN 1 OR 2": "want AND",
		"run_time = 'a":           `got "'a", want a key, a value or an operator`,
		"run_time NOT = 'a'":      "NOT: want IN or BETWEEN after it",
	} {
		_, err := f.GetPartitions(t.Context(), &service.GetPartitionsInput{DatabaseName: aws.String("lake"), TableName: aws.String(history), Expression: &expression})
		f.fails(err, "InvalidInputException: 1 validation error detected: Expression: "+want)
	}
	var found []string
	for segment := range int32(3) {
		part, _ := f.partitions(&service.GetPartitionsInput{Segment: &types.Segment{SegmentNumber: segment, TotalSegments: aws.Int32(3)}})
		found = append(found, part...)
	}
	if slices.Sort(found); len(found) != 4 || len(slices.Compact(found)) != 4 {
		t.Errorf("the segments have %v", found)
	}
	_, err := f.GetPartitions(t.Context(), &service.GetPartitionsInput{
		DatabaseName: aws.String("lake"), TableName: aws.String(history), Segment: &types.Segment{SegmentNumber: 3, TotalSegments: aws.Int32(3)},
	})
	f.fails(err, "InvalidInputException: 1 validation error detected: Segment: got the SegmentNumber 3 of 3, want 0 or more, below TotalSegments, and at most 10 TotalSegments")
	out, err := f.GetPartitions(t.Context(), &service.GetPartitionsInput{DatabaseName: aws.String("lake"), TableName: aws.String(history), ExcludeColumnSchema: aws.Bool(true)})
	f.ok(err)
	if storage := out.Partitions[0].StorageDescriptor; storage.Columns != nil || *storage.Location != "s3://demo/" {
		t.Errorf("without columns: %+v", storage)
	}
	if p, err := f.partition("2026-11-25", "9"); err != nil || len(p.StorageDescriptor.Columns) != 2 {
		t.Errorf("the partition has lost its columns: %+v, %v", p, err)
	}
}
