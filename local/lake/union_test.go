package lake

import (
	"strings"
	"testing"

	"dynamodb-to-s3/local/duckdb"
)

// DuckDB rounds decimals if no type holds those of two runs. Such a history is refused, because its sums would be wrong.
func TestUnionRoundsNothing(t *testing.T) {
	t.Parallel()
	db, err := duckdb.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, test := range []struct{ first, second, want, says string }{
		{"1::decimal(38,1)", "0.55::decimal(38,2)", "", `the column "n" of a run from DECIMAL(38,2) to DECIMAL(38,1)`},
		{"[1::decimal(38,1)]", "[0.55::decimal(38,2)]", "", "from DECIMAL(38,2)[] to DECIMAL(38,1)[]"},
		{"{'a': 1::decimal(38,1), 'b': 0.555::decimal(38,3)}", "{'a': 0.55::decimal(38,2), 'b': 1::decimal(38,3)}", "", "DECIMAL(38,2)"},
		{"1::decimal(38,1)", "0.55::decimal(18,2)", "", "from DECIMAL(18,2) to DECIMAL(38,1)"},
		{"0.5::decimal(18,1)", "0.55::decimal(18,2)", "DECIMAL(19,2) 1.05", ""},
		{"0.5::decimal(18,1)", "0.55::decimal(38,2)", "DECIMAL(38,2) 1.05", ""},
		{"1::bigint", "0.55::decimal(18,2)", "DECIMAL(21,2) 1.55", ""},
		{"'x'", "1::bigint", "VARCHAR 1.00", ""},
		{"'x'", "0.55::decimal(18,2)", "VARCHAR 0.55", ""},
	} {
		query, err := union(t.Context(), db, []string{"select " + test.first + " as n", "select " + test.second + " as n, 1 as o"})
		if test.says != "" {
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%s and %s: got %v", test.first, test.second, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s and %s: %v", test.first, test.second, err)
			continue
		}
		_, rows, err := db.All(t.Context(), "select any_value(typeof(n)), sum(try_cast(n as decimal(30,2))) from ("+query+")")
		if err != nil || len(rows) != 1 || strings.Join(rows[0], " ") != test.want {
			t.Errorf("%s and %s: got %v, %v", test.first, test.second, rows, err)
		}
	}
}
