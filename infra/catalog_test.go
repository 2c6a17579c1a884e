//go:build !race

package main

import (
	"encoding/json"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/contract"

	"github.com/google/go-cmp/cmp"
)

// A stack without a retention has nothing that may remove committed data: no function, no role, and no state that calls it.
func TestNothingPrunesWithoutRetention(t *testing.T) {
	made := synth(t)
	for name := range made.resources {
		if strings.HasPrefix(name, string(contract.FunctionPrune)) {
			t.Errorf("the stack has %s", name)
		}
	}
	type state struct {
		Default string
		Choices []struct{ Next string }
		Next    string
	}
	states := func(made template) map[string]state {
		var definition struct{ States map[string]state }
		if err := json.Unmarshal([]byte(definitionOf(t, made)), &definition); err != nil {
			t.Fatal(err)
		}
		return definition.States
	}
	want := states(synthFull(t))
	delete(want, contract.StateRetained)
	delete(want, contract.StatePrune)
	catalog, cataloged := want[contract.StateCatalog], want[contract.StateCataloged]
	catalog.Next, cataloged.Default = contract.StateReplicated, contract.StateReplicated
	want[contract.StateCatalog], want[contract.StateCataloged] = catalog, cataloged
	if diff := cmp.Diff(want, states(made)); diff != "" {
		t.Errorf("the states without a retention (-want +got):\n%s", diff)
	}
}

// The functions reach the tables of the environment's database alone. Only catalog can change them, and only prune can remove partitions. No
// function can remove a table.
func TestAccessToTheCatalog(t *testing.T) {
	const glue = "arn:aws:glue:us-east-1:000000000000:"
	var yes, no []access
	may := func(allowed map[string]bool, action string) {
		for _, resource := range []string{"catalog", "database/replica", "table/replica/orders_history"} {
			for _, function := range contract.Functions() {
				role := string(function) + "/Role"
				if allowed[string(function)] {
					yes = append(yes, access{role, "glue:" + action, glue + resource})
				} else {
					no = append(no, access{role, "glue:" + action, glue + resource})
				}
			}
		}
		for _, resource := range []string{"database/replica2", "table/replica2/orders", "table/other/replica/orders", "database/default"} {
			no = append(no, access{"catalog/Role", "glue:" + action, glue + resource}, access{"prune/Role", "glue:" + action, glue + resource})
		}
	}
	may(map[string]bool{"catalog": true, "prune": true}, "GetPartition")
	for _, action := range []string{"GetTable", "CreateTable", "UpdateTable", "CreatePartition", "UpdatePartition"} {
		may(map[string]bool{"catalog": true}, action)
	}
	for _, action := range []string{"GetTables", "DeletePartition"} {
		may(map[string]bool{"prune": true}, action)
	}
	for _, action := range []string{"DeleteTable", "BatchDeleteTable", "DeleteDatabase", "UpdateDatabase", "CreateDatabase", "DeleteTableVersion"} {
		may(nil, action)
	}
	compareAccess(t, policies(t, synthFull(t)), yes, no)
	for role, statements := range policies(t, synth(t)) { // an environment without a catalog
		for _, s := range statements {
			if strings.HasPrefix(s.Action[0], "glue:") {
				t.Errorf("%s may %v without a catalog", role, s.Action)
			}
		}
	}
}

// The database stays when the stack is destroyed, as the data does that its tables show.
func TestDatabaseIsKept(t *testing.T) {
	for name, database := range synthFull(t).of(t, "AWS::Glue::Database") {
		want := map[string]any{
			"CatalogId": "000000000000", "DatabaseInput": map[string]any{"Name": "replica", "Description": "The tables of dynamodb-to-s3 full."},
		}
		if diff := cmp.Diff(want, database.Properties); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if database.DeletionPolicy != "Retain" || database.UpdateReplacePolicy != "Retain" {
			t.Errorf("%s goes with the stack: %s, %s", name, database.DeletionPolicy, database.UpdateReplacePolicy)
		}
	}
	for name, each := range synth(t).resources {
		if strings.HasPrefix(each.Type, "AWS::Glue::") {
			t.Errorf("an environment without a catalog has %s", name)
		}
	}
}
