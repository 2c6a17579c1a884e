// Package price owns what AWS bills for: the prices of us-east-1 in one file, prices.json, and the prices that a deployment sets instead. It
// imports contract and document.
package price

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/document"
)

// Name is the name of a price, as prices.json and an environment have it.
type Name string

// The prices that the functions and the dashboard compute with. prices.json has some more for docs/cost.md.
const (
	ReadUnits         Name = "readUnitsPerMillion"
	FullExport        Name = "fullExportPerGB"
	IncrementalExport Name = "incrementalExportPerGB"
	Recovery          Name = "recoveryPerGBMonth"
	LambdaARM         Name = "lambdaArm64PerGBSecond"
	LambdaX86         Name = "lambdaX86PerGBSecond"
	LambdaRequests    Name = "lambdaRequestsPerMillion"
	Transitions       Name = "transitionsPerThousand"
	S3Put             Name = "s3PutPerThousand"
	S3Get             Name = "s3GetPerThousand"
	S3Storage         Name = "s3StoragePerGBMonth"
	Transfer          Name = "transferPerGB"
	GlueRequests      Name = "glueRequestsPerMillion"
)

// Entry is a price of prices.json.
type Entry struct {
	Name Name `json:"name"`
	// Dollars is the price of For units: bytes, GB-seconds, requests, …
	Dollars float64 `json:"dollars"`
	For     float64 `json:"for"`
	// What is billed, in words.
	What string `json:"what"`
	// Verified says that the price was checked against AWS's price pages.
	Verified bool `json:"verified"`
}

//go:embed prices.json
var file []byte

// entries are the prices of prices.json, in its order.
var entries = func() (all []Entry) {
	if err := json.Unmarshal(file, &all); err != nil {
		panic(fmt.Sprintf("internal error: prices.json: %v", err)) // a test reads it
	}
	return all
}()

// List returns the prices of us-east-1 in the order in which a page shows them.
func List() []Entry { return slices.Clone(entries) }

// Prices are the prices of a deployment, in US dollars. The zero value has the prices of us-east-1. A map has the prices that differ, each for
// as many units as its name says.
type Prices map[Name]float64

// Of returns what an amount costs: so many read units, bytes, GB-seconds (a GB is 1,024 MiB of memory), transitions or requests. A byte of
// recovery or of storage is billed for a month.
func (p Prices) Of(name Name, amount float64) float64 {
	for _, entry := range entries {
		if entry.Name == name {
			if own, differs := p[name]; differs {
				entry.Dollars = own
			}
			return entry.Dollars / entry.For * amount
		}
	}
	panic(fmt.Sprintf("internal error: there is no price %q", name))
}

// Parse reads the value of contract.EnvPrices, a JSON object of the prices that differ from those of us-east-1. For "" none differs. The error
// names every problem.
func Parse(text string) (Prices, error) {
	if text == "" {
		return Prices{}, nil
	}
	found, own := document.NewReport(), map[string]float64{}
	node, err := document.JSON([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("the deployment's %s: %w", contract.EnvPrices, err)
	}
	document.Decoder{Report: found}.Decode(node, &own)
	Check(own, "", found)
	if len(found.Problems) > 0 {
		return nil, fmt.Errorf("the deployment's %s: %w", contract.EnvPrices, found.Problems)
	}
	prices := Prices{}
	for name, dollars := range own {
		prices[Name(name)] = dollars
	}
	return prices, nil
}

// Check reports what is wrong with the prices that a deployment sets in the field at path: a name that no price has, or a price below zero.
func Check(own map[string]float64, path string, found *document.Report) {
	var names []string
	for _, entry := range entries {
		names = append(names, string(entry.Name))
	}
	for _, name := range slices.Sorted(maps.Keys(own)) {
		field := document.Join(path, name)
		if !slices.Contains(names, name) {
			found.Add(field, "", "there is no such price%s", document.Alternatives(name, names))
		} else if own[name] < 0 {
			found.Add(field, fmt.Sprint(own[name]), "a price in US dollars, 0 or more")
		}
	}
}
