package glue

import (
	"hash/crc32"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/smithy-go"
)

// The largest numbers of partitions in one call.
const (
	maxCreated   = 100
	maxDeleted   = 25
	maxPartition = 1000 // of one answer of GetPartitions
	maxSegments  = 10
)

// tableOf returns the table of a call about partitions.
func (s *Server) tableOf(catalogID, databaseName, tableName *string) (*table, error) {
	if err := new(check).catalog(catalogID).name("databaseName", databaseName).name("tableName", tableName).err(); err != nil {
		return nil, err
	}
	return s.table(databaseName, tableName)
}

func (s *Server) createPartition(in *glue.CreatePartitionInput) (*glue.CreatePartitionOutput, error) {
	t, err := s.tableOf(in.CatalogId, in.DatabaseName, in.TableName)
	if err != nil {
		return nil, err
	}
	if err := t.checkPartition(in.PartitionInput); err != nil {
		return nil, err
	}
	return &glue.CreatePartitionOutput{}, t.create(in.PartitionInput)
}

// batchCreatePartition creates the partitions that are not there. It creates nothing if one of them is not valid.
func (s *Server) batchCreatePartition(in *glue.BatchCreatePartitionInput) (*glue.BatchCreatePartitionOutput, error) {
	t, err := s.tableOf(in.CatalogId, in.DatabaseName, in.TableName)
	if err != nil {
		return nil, err
	}
	if n := len(in.PartitionInputList); n > maxCreated {
		return nil, invalid("PartitionInputList: got %d, want at most %d", n, maxCreated)
	}
	for i := range in.PartitionInputList {
		if err := t.checkPartition(&in.PartitionInputList[i]); err != nil {
			return nil, err
		}
	}
	out := &glue.BatchCreatePartitionOutput{}
	for i := range in.PartitionInputList {
		out.Errors = failed(out.Errors, in.PartitionInputList[i].Values, t.create(&in.PartitionInputList[i]))
	}
	return out, nil
}

// failed adds the error of one partition, if there is one.
func failed(all []types.PartitionError, values []string, err error) []types.PartitionError {
	if err == nil {
		return all
	}
	refusal := errorOf(err)
	return append(all, types.PartitionError{PartitionValues: values, ErrorDetail: &types.ErrorDetail{
		ErrorCode: aws.String(refusal.ErrorCode()), ErrorMessage: aws.String(refusal.ErrorMessage()),
	}})
}

func (t *table) checkPartition(in *types.PartitionInput) error {
	c := new(check)
	c.partition("partitionInput", in, len(t.Table.PartitionKeys))
	return c.err()
}

func (t *table) create(in *types.PartitionInput) error {
	key := keyOf(in.Values)
	if t.Partitions[key] != nil {
		return exists("Partition already exists.")
	}
	t.Partitions[key] = t.partition(in)
	return nil
}

func (t *table) partition(in *types.PartitionInput) *types.Partition {
	return &types.Partition{
		CatalogId: t.Table.CatalogId, DatabaseName: t.Table.DatabaseName, TableName: t.Table.Name, CreationTime: now(),
		LastAccessTime: in.LastAccessTime, LastAnalyzedTime: in.LastAnalyzedTime, Parameters: in.Parameters,
		StorageDescriptor: in.StorageDescriptor, Values: in.Values,
	}
}

// find returns a partition by its values.
func (t *table) find(values []string) (*types.Partition, error) {
	c := new(check)
	c.values("partitionValues", values, len(t.Table.PartitionKeys))
	if err := c.err(); err != nil {
		return nil, err
	}
	if p := t.Partitions[keyOf(values)]; p != nil {
		return p, nil
	}
	return nil, notFound("Cannot find partition.")
}

func (s *Server) getPartition(in *glue.GetPartitionInput) (*glue.GetPartitionOutput, error) {
	t, err := s.tableOf(in.CatalogId, in.DatabaseName, in.TableName)
	if err != nil {
		return nil, err
	}
	p, err := t.find(in.PartitionValues)
	return &glue.GetPartitionOutput{Partition: p}, err
}

func (s *Server) getPartitions(in *glue.GetPartitionsInput) (*glue.GetPartitionsOutput, error) {
	t, err := s.tableOf(in.CatalogId, in.DatabaseName, in.TableName)
	if err != nil {
		return nil, err
	}
	var c check
	limit := c.limit(in.MaxResults, maxPartition)
	if segment := in.Segment; segment != nil {
		total := aws.ToInt32(segment.TotalSegments)
		if total < 1 || total > maxSegments || segment.SegmentNumber < 0 || segment.SegmentNumber >= total {
			c.problem("Segment: got the SegmentNumber %d of %d, want 0 or more, below TotalSegments, and at most %d TotalSegments", segment.SegmentNumber, total, maxSegments)
		}
	}
	wanted, err := parseExpression(aws.ToString(in.Expression), t.Table.PartitionKeys)
	if err != nil {
		c.problem("Expression: %v", err)
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	found, next, err := page(t.Partitions, in.NextToken, limit, func(key string, p *types.Partition) bool {
		return inSegment(key, in.Segment) && wanted(p.Values)
	})
	out := &glue.GetPartitionsOutput{Partitions: []types.Partition{}, NextToken: next}
	for _, p := range found {
		partition := *p
		if aws.ToBool(in.ExcludeColumnSchema) && p.StorageDescriptor != nil {
			storage := *p.StorageDescriptor
			storage.Columns, partition.StorageDescriptor = nil, &storage
		}
		out.Partitions = append(out.Partitions, partition)
	}
	return out, err
}

func inSegment(key string, segment *types.Segment) bool {
	return segment == nil || int64(crc32.ChecksumIEEE([]byte(key)))%int64(*segment.TotalSegments) == int64(segment.SegmentNumber)
}

func (s *Server) updatePartition(in *glue.UpdatePartitionInput) (*glue.UpdatePartitionOutput, error) {
	t, err := s.tableOf(in.CatalogId, in.DatabaseName, in.TableName)
	if err != nil {
		return nil, err
	}
	old, err := t.find(in.PartitionValueList)
	if err != nil {
		return nil, err
	}
	if err := t.checkPartition(in.PartitionInput); err != nil {
		return nil, err
	}
	if keyOf(in.PartitionInput.Values) != keyOf(in.PartitionValueList) {
		return nil, invalid("PartitionInput.Values: the values of a partition cannot change: delete it, and create another one")
	}
	updated := t.partition(in.PartitionInput)
	updated.CreationTime = old.CreationTime
	t.Partitions[keyOf(updated.Values)] = updated
	return &glue.UpdatePartitionOutput{}, nil
}

func (t *table) remove(values []string) error {
	_, err := t.find(values)
	if err == nil {
		delete(t.Partitions, keyOf(values))
	}
	return err
}

func (s *Server) deletePartition(in *glue.DeletePartitionInput) (*glue.DeletePartitionOutput, error) {
	t, err := s.tableOf(in.CatalogId, in.DatabaseName, in.TableName)
	if err != nil {
		return nil, err
	}
	return &glue.DeletePartitionOutput{}, t.remove(in.PartitionValues)
}

func (s *Server) batchDeletePartition(in *glue.BatchDeletePartitionInput) (*glue.BatchDeletePartitionOutput, error) {
	t, err := s.tableOf(in.CatalogId, in.DatabaseName, in.TableName)
	if err != nil {
		return nil, err
	}
	if n := len(in.PartitionsToDelete); n > maxDeleted {
		return nil, &smithy.GenericAPIError{Code: "ValidationException", Message: "1 validation error detected: Value at 'partitionsToDelete' failed to satisfy constraint: Member must have length less than or equal to 25"}
	}
	out := &glue.BatchDeletePartitionOutput{}
	for _, each := range in.PartitionsToDelete {
		out.Errors = failed(out.Errors, each.Values, t.remove(each.Values))
	}
	return out, nil
}
