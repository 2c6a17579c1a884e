package price_test

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/price"
	"dynamodb-to-s3/lambda/problem"
)

var computed = []price.Name{
	price.ReadUnits, price.FullExport, price.IncrementalExport, price.Recovery, price.LambdaARM, price.LambdaX86, price.LambdaRequests, price.Transitions, price.S3Put,
	price.S3Get, price.S3Storage, price.Transfer, price.GlueRequests,
}

func TestEveryPriceIsInTheFileOnce(t *testing.T) {
	t.Parallel()
	seen := map[price.Name]bool{}
	for _, entry := range price.List() {
		if seen[entry.Name] || entry.Dollars <= 0 || entry.For <= 0 || entry.What == "" {
			t.Errorf("%+v: is there twice, or has no dollars, no units or no words", entry)
		}
		seen[entry.Name] = true
	}
	for _, name := range computed {
		if !seen[name] {
			t.Errorf("prices.json has no %s", name)
		}
	}
}

func TestAmountsCostWhatThePriceSays(t *testing.T) {
	t.Parallel()
	own, err := price.Parse(`{"readUnitsPerMillion": 0.25, "s3GetPerThousand": 0}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		prices price.Prices
		name   price.Name
		amount float64
		want   float64
	}{
		{nil, price.ReadUnits, 12.2e6, 1.525},
		{nil, price.FullExport, 100e9, 10},
		{nil, price.LambdaARM, 1000, 0.0133334},
		{nil, price.Transitions, 400, 0.01},
		{nil, price.S3Put, 3000, 0.015},
		{own, price.ReadUnits, 12.2e6, 3.05},
		{own, price.S3Get, 1e9, 0},
		{own, price.Transitions, 400, 0.01}, // stays
	} {
		if got := test.prices.Of(test.name, test.amount); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("%g of %s: got %g, want %g", test.amount, test.name, got, test.want)
		}
	}
}

func TestPricesAreReadStrictly(t *testing.T) {
	t.Parallel()
	if prices, err := price.Parse(""); err != nil || len(prices) != 0 {
		t.Errorf("got %v, %v without prices of the deployment", prices, err)
	}
	for text, want := range map[string][]string{
		`{"readUnitsPerMilion": 1, "s3PutPerThousand": -1, "athenaPerTB": "5", "fullExportPerGB": null}`: {
			`athenaPerTB: got "5", want a decimal number`, `fullExportPerGB: is empty: leave it out, or give a value`,
			`readUnitsPerMilion: there is no such price, did you mean "readUnitsPerMillion"?`, `s3PutPerThousand: got -1, want a price in US dollars, 0 or more`,
		},
		`{"transitionsPerThousand": 1, "transitionsPerThousand": 2}`: {
			"transitionsPerThousand: given twice",
		},
		`{"glueDPUHour": 1e999}`: {
			"glueDPUHour: got 1e999, want a decimal number",
		},
		`[]`: {
			"got a list, want an object",
		},
	} {
		var got []string
		_, err := price.Parse(text)
		if list, is := errors.AsType[problem.List](err); is {
			for _, each := range list {
				got = append(got, each.String())
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
	if _, err := price.Parse(`{`); err == nil || !strings.Contains(err.Error(), "PRICES") || json.Valid([]byte(err.Error())) {
		t.Errorf("got %v for text that is no JSON", err)
	}
}
