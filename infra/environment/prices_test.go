package environment

import (
	"maps"
	"testing"
)

func TestPricesAndExplain(t *testing.T) {
	t.Parallel()
	const base = "tables: [orders]\nbucket: {name: replica}\n"
	e, err := parse("test.yaml", base+"prices: {readUnitsPerMillion: 0.1415, s3GetPerThousand: 0}\nexplain: {metrics: false}")
	if want := map[string]float64{"readUnitsPerMillion": 0.1415, "s3GetPerThousand": 0}; err != nil || !maps.Equal(e.Prices, want) || *e.Explain.Metrics {
		t.Errorf("got %v, %t, %v", e.Prices, *e.Explain.Metrics, err)
	}
	if e, err = parse("test.yaml", base); err != nil || len(e.Prices) != 0 || !*e.Explain.Metrics {
		t.Errorf("got %v, %t, %v by default", e.Prices, *e.Explain.Metrics, err)
	}
}
