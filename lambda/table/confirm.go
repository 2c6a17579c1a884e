package table

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Confirm looks whether the plan's table is still the one that the plan was made for, and so is the index that it scans. A TableId never
// comes back. So if the table has the planned TableId now, every page that was read since the plan came from that table.
//
// It fails with TableReplaced, or with TableNotFound or IndexNotFound if the table or the index is gone. It fails with TableNotReady if
// the index is being deleted.
func Confirm(ctx context.Context, client *dynamodb.Client, plan run.Plan, options ...func(*dynamodb.Options)) error {
	t, err := describe(ctx, client, plan.Table, options...)
	if failure.NameOf(err) == failure.TableNotFound {
		return failure.Errorf(failure.TableNotFound, "table %q was deleted after the run began (its TableId was %q). %s", plan.Table, plan.TableID, remedy)
	}
	if err != nil {
		return err
	}
	if id := aws.ToString(t.TableId); id != plan.TableID || plan.Scan == nil || plan.Scan.Request.IndexName == "" {
		return Compare(plan, id, "")
	}
	name := plan.Scan.Request.IndexName
	for _, index := range t.GlobalSecondaryIndexes {
		if aws.ToString(index.IndexName) == name && index.IndexStatus == types.IndexStatusCreating { // the plan's index was complete
			return failure.Errorf(failure.TableReplaced, "index %q of table %q was deleted after the run began, and is being created again. %s", name, plan.Table, remedy)
		}
	}
	var found Description
	if err := describeIndex(&found, t, plan.Scan.Request); err != nil {
		return fmt.Errorf("%w. It was there and ACTIVE when the run began. %s", err, remedy)
	}
	return Compare(plan, plan.TableID, found.Index)
}

// remedy says what to do after a change that no redrive can mend.
const remedy = "Nothing is committed: start a new run under a new name"

// Compare fails with TableReplaced unless a plan was made for the table with this TableId, and for an index of this definition.
func Compare(plan run.Plan, id, index string) error {
	switch {
	case id != plan.TableID:
		return failure.Errorf(failure.TableReplaced, "table %q was deleted and created again after the run began: its TableId was %q and is %q. %s", plan.Table, plan.TableID, id, remedy)
	case plan.Scan != nil && index != plan.Scan.Index:
		return failure.Errorf(failure.TableReplaced, "index %q of table %q was deleted and created again after the run began: it was %s, and is %s. %s",
			plan.Scan.Request.IndexName, plan.Table, plan.Scan.Index, index, remedy)
	default:
		return nil
	}
}

// definition returns the text of an index's definition. DynamoDB gives an index no id: an index that was deleted and created again with the
// same definition has the same text.
func definition(t *types.TableDescription, keys []types.KeySchemaElement, projection *types.Projection) string {
	attributes := map[string]types.ScalarAttributeType{}
	for _, a := range t.AttributeDefinitions {
		attributes[aws.ToString(a.AttributeName)] = a.AttributeType
	}
	var parts []string
	for _, key := range keys {
		name := aws.ToString(key.AttributeName)
		parts = append(parts, fmt.Sprintf("%s %q (%s)", key.KeyType, name, attributes[name]))
	}
	if projection != nil {
		parts = append(parts, "projects "+string(projection.ProjectionType))
		for _, name := range slices.Sorted(slices.Values(projection.NonKeyAttributes)) {
			parts = append(parts, fmt.Sprintf("%q", name))
		}
	}
	return strings.Join(parts, ", ")
}
