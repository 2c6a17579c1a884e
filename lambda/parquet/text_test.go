package parquet_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// normal returns a value in a form in which equal values are equal: numbers as fractions, sets in order.
func normal(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, value := range v {
			switch value := value.(type) {
			case string:
				if name == "N" {
					out[name] = number(value)
					continue
				}
			case []any:
				if name == "NS" || name == "SS" || name == "BS" {
					var set []string
					for _, element := range value {
						text := element.(string)
						if name == "NS" {
							text = number(text)
						}
						set = append(set, text)
					}
					slices.Sort(set)
					out[name] = strings.Join(set, "\x00")
					continue
				}
			}
			out[name] = normal(value)
		}
		return out
	case []any:
		out := []any{}
		for _, element := range v {
			out = append(out, normal(element))
		}
		return out
	default:
		return v
	}
}

func number(text string) string {
	if r, ok := new(big.Rat).SetString(text); ok {
		return r.RatString()
	}
	return "no number: " + text
}

func text(v any) string {
	body, err := json.Marshal(normal(v))
	if err != nil {
		return fmt.Sprint(err)
	}
	return string(body)
}
