package parquet_test

import (
	"fmt"
	"math/big"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/ddbjson"
	"dynamodb-to-s3/lambda/parquet"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/schema"
)

// A column of decimals has each number that fits it, to the last digit. All others go to the rest.
func TestDecimalsHoldWhatFits(t *testing.T) {
	t.Parallel()
	power := func(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }
	for _, precision := range []int{schema.ShortPrecision, schema.Precision} {
		for scale := range precision + 1 {
			var fit, others []string // as integers, which stand for themselves divided by 10^scale
			for _, n := range []int64{0, 1, 9, 10, 11, 1_500} {
				fit = append(fit, fmt.Sprint(n))
			}
			most := new(big.Int).Sub(power(precision), big.NewInt(1))
			fit = append(fit, most.String(), power(precision-1).String(), new(big.Int).Sub(most, big.NewInt(9)).String())
			others = append(others, power(precision).String(), new(big.Int).Add(most, big.NewInt(2)).String(), fit[1]+".5", most.String()+".01")
			of := schema.Type{Name: schema.Decimal, Kind: ddbjson.KindN, Precision: precision, Scale: scale}
			held := checkNumbers(t, of, spellings(fit, scale))
			left := checkNumbers(t, of, spellings(others, scale))
			if held != 0 || left != len(spellings(others, scale)) {
				t.Errorf("%s: %d of the numbers that fit, and %d of the %d others went to the rest", of, held, left, len(spellings(others, scale)))
			}
		}
	}
}

// spellings returns integers divided by 10^scale in all forms that a server may send.
func spellings(integers []string, scale int) (out []string) {
	for _, text := range integers {
		whole, fraction, _ := strings.Cut(text, ".")
		whole = strings.Repeat("0", max(0, scale+1-len(whole))) + whole
		point := len(whole) - scale
		plain := strings.TrimSuffix(whole[:point]+"."+whole[point:]+fraction, ".")
		out = append(out, plain, "-"+plain, "+"+plain, "00"+plain, fmt.Sprintf("%se-%d", text, scale))
		if strings.Contains(plain, ".") {
			out = append(out, plain+"00", strings.TrimSuffix(strings.TrimRight(plain, "0"), "."))
		}
	}
	return out
}

// checkNumbers writes numbers to a column of a type, reads them again and returns how many went to the rest.
func checkNumbers(t *testing.T, of schema.Type, numbers []string) (left int) {
	t.Helper()
	s := schema.Schema{Columns: []schema.Column{{Name: "n", Attribute: "n", Type: of}}}
	w := writerOf(t, s, parquet.Options{Compression: request.CompressionNone})
	var items [][]byte
	for _, number := range numbers {
		items = append(items, fmt.Appendf(nil, `{"n":{"N":"%s"}}`, number))
	}
	compare(t, fileOf(t, w, items...), s, items)
	return int(w.Rest()["n"])
}
