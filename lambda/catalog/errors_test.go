package catalog_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"
	local "dynamodb-to-s3/local/glue"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/google/go-cmp/cmp"
)

// operations are the calls of the step.
var operations = []string{"GetTable", "CreateTable", "UpdateTable", "CreatePartition", "GetPartition", "UpdatePartition"}

// tour shows runs so that each call is made: a first run, one with more columns, the same window twice, and a repeated step.
func (l lake) tour() []run.CatalogInput {
	a, b := l.parquet("a", 0, text("id")), l.parquet("b", 1, text("id"), text("added"))
	first, second := l.exported("first", "01767000000000-aaaaaaaa", dawn, dawn.Add(time.Hour), 70), l.exported("second", "01767000000001-bbbbbbbb", dawn, dawn.Add(time.Hour), 80)
	return []run.CatalogInput{a, b, first, second, a}
}

// The server carries a call out, and its answer is lost. The SDK tries the call again. Or nobody does, and the state machine repeats the step. Both
// end with the same tables as if nothing had been lost.
func TestLostAnswerChangesNothing(t *testing.T) {
	t.Parallel()
	for _, repeated := range []bool{false, true} {
		for _, operation := range operations {
			t.Run(fmt.Sprintf("%s, repeated by the state machine %v", operation, repeated), func(t *testing.T) {
				t.Parallel()
				l := newLake(t)
				runs := l.tour()
				for _, in := range runs {
					l.show(in)
				}
				want := strings.ReplaceAll(l.state(), l.bucket, "BUCKET")

				l = newLake(t)
				step, lost := l.retrying().step, 0
				if repeated {
					step = l.step
				}
				l.server.Lose(operation, 2)
				for _, in := range l.tour() {
					_, err := step.Run(t.Context(), in)
					if err == nil {
						continue
					}
					if name := failure.NameOf(err); !repeated || name.Permanent() {
						t.Fatalf("%s: %v: %v", in.Plan.RunID, name, err)
					}
					for ; err != nil && lost < 3; lost++ {
						_, err = step.Run(t.Context(), in)
					}
				}
				if repeated != (lost > 0) {
					t.Errorf("the step was repeated %d times", lost)
				}
				if got := strings.ReplaceAll(l.state(), l.bucket, "BUCKET"); got != want {
					t.Errorf("(-want +got):\n%s", cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")))
				}
			})
		}
	}
}

// After a refusal, the step fails under the name that says what to do. A redrive makes the tables as if nothing had been refused.
func TestRefusalHasItsName(t *testing.T) {
	t.Parallel()
	for i, test := range []struct {
		refusal error
		want    failure.Name
		words   string
	}{
		{local.Throttle(), failure.Throttled, "too many calls"},
		{local.LakeFormationDenial("Alter", "orders"), failure.LakeFormationDenied, "aws lakeformation grant-permissions"},
		{&types.InternalServiceException{Message: aws.String("oops")}, failure.Internal, "oops"},
		{&types.OperationTimeoutException{Message: aws.String("slow")}, failure.Internal, "slow"},
		{&types.AccessDeniedException{Message: aws.String("is not authorized to perform")}, failure.CatalogFailed, "check the role of the function catalog"},
		{&types.InvalidInputException{Message: aws.String("bad column")}, failure.CatalogFailed, "bad column"},
		{&types.ResourceNumberLimitExceededException{Message: aws.String("too many partitions")}, failure.CatalogFailed, "too many partitions"},
		{&types.GlueEncryptionException{Message: aws.String("key")}, failure.KMSKeyUnusable, "kms:Decrypt"},
	} {
		refusing := operations
		if i > 1 { // all calls take the same way
			refusing = []string{"UpdateTable"}
		}
		for _, operation := range refusing {
			t.Run(fmt.Sprintf("%s of %s", operation, test.refusal), func(t *testing.T) {
				t.Parallel()
				l := newLake(t)
				refused := 0
				l.server.Refuse(operation, test.refusal, 1)
				for _, in := range l.tour() {
					_, err := l.step.Run(t.Context(), in)
					if err == nil {
						continue
					}
					refused++
					if name := failure.NameOf(err); name != test.want || !strings.Contains(err.Error(), test.words) || !strings.Contains(err.Error(), "glue:"+operation) ||
						!strings.HasPrefix(err.Error(), "the run is committed, and a redrive of the execution repeats only this step: ") {
						t.Errorf("%s: %v: %v", in.Plan.RunID, name, err)
					}
					l.show(in)
				}
				if refused != 1 || l.table("orders").Parameters["ddb2s3.run"] != "b" || len(l.partitions("orders_history")) != 2 || len(l.partitions("orders_changes")) != 1 {
					t.Errorf("%d calls were refused, and the tables are\n%s", refused, l.state())
				}
			})
		}
	}
}

func TestDatabaseThatIsMissingIsNamed(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	in := l.committed(l.planOf("a", 0))
	in.Plan.Catalog.Database = "pond"
	_, err := l.step.Run(t.Context(), in)
	if failure.NameOf(err) != failure.CatalogFailed || !strings.Contains(err.Error(), `database "pond"`) || !strings.Contains(err.Error(), "create the database") {
		t.Errorf("got %v", err)
	}
}

// A table that is removed between its read and its update is made again.
func TestTableThatIsRemovedMeanwhileIsMadeAgain(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	l.show(l.committed(l.planOf("a", 0)))
	l.server.Before("UpdateTable", func(any) {
		if _, err := l.client.DeleteTable(t.Context(), &glue.DeleteTableInput{DatabaseName: aws.String(database), Name: aws.String("orders")}); err != nil {
			t.Error(err)
		}
	})
	if shown := l.show(l.committed(l.planOf("b", 1))).Tables[0]; !shown.Changed || l.table("orders").Parameters["ddb2s3.run"] != "b" {
		t.Errorf("got %+v", shown)
	}
}

// A run without a catalog, or with a plan of another version, comes from another state machine.
func TestPayloadIsChecked(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	in := l.committed(l.planOf("a", 0))
	in.Plan.Catalog = nil
	_, without := l.step.Run(t.Context(), in)
	in.Plan.Version = 99
	_, version := l.step.Run(t.Context(), in)
	for _, err := range []error{without, version} {
		if failure.NameOf(err) != failure.InvalidRequest {
			t.Errorf("got %v", err)
		}
	}
	if errors.Is(without, version) || len(l.server.Calls()) != 1 {
		t.Errorf("calls: %v", l.server.Calls())
	}
}
