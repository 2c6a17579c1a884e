package chaos

import (
	"fmt"
	"maps"
	"strings"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/local/verify"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// parquet is what a seed draws for a run that makes Parquet files.
type parquet struct {
	fields map[string]any // of the request
	// keepsStaging is the field keepStaging of the request.
	keepsStaging bool
	// segmentBytes is about how many stored bytes a segment of the second pass has.
	segmentBytes int64
	// pageBytes is about how many bytes of lines a page of convert has; 0 for the usual number.
	pageBytes int
}

// parquetShare says how rare Parquet is: one of so many seeds makes Parquet files.
const parquetShare = 4

// drawParquet makes some runs write Parquet files. Their staged files are small: each invocation of scan makes one.
func (s *Scenario) drawParquet() {
	if s.Beside == kindTwoChains || s.Beside != kindStaged && draw(s.Seed, "Parquet", 0).IntN(parquetShare) > 0 {
		return
	}
	random := draw(s.Seed, "parquet run")
	s.Parquet, s.Format = true, request.FormatParquet
	s.Compression = pick(random, request.CompressionZSTD, request.CompressionSnappy, request.CompressionGZIP, request.CompressionNone)
	s.parquet = parquet{fields: map[string]any{}, keepsStaging: random.IntN(4) == 0, segmentBytes: pick[int64](random, 1, 3000, 8000, 1<<30)}
	if s.parquet.keepsStaging {
		s.parquet.fields["keepStaging"] = true
	}
	if s.recipe.fields["transform"] == nil && random.IntN(3) == 0 {
		s.parquet.fields["columns"] = pick(random, pins...)
	}
	if exports := random.IntN(5) == 0 && s.Request == "" && (s.Beside == "" || s.Beside == kindStaged || s.death.nth > 0); exports || s.Mode == request.ModeExport {
		s.Mode, s.Items, s.Large, s.Segments, s.Redrives, s.Uploads = request.ModeExport, 30, false, 1, false, 0
		s.still()
	}
	if !s.Large && s.Pages == 0 {
		s.Pages = pick(random, 0, 1, 2)
	}
	s.drawDownloads()
	if s.death.nth > 0 {
		s.drawDeathOfPass()
	}
}

// pins are values of the field columns. With some of them, most values fit only the column _rest.
var pins = []any{
	map[string]any{"total": map[string]string{"name": "sum"}},
	map[string]any{"total": map[string]string{"type": "bigint"}, "placedAt": map[string]string{"type": "string", "name": "Placed"}},
	map[string]any{"mixed": map[string]string{"type": "string"}, "never": map[string]string{"type": "boolean"}},
}

// addTo adds the fields of the request that only Parquet files have.
func (p parquet) addTo(fields map[string]any) {
	maps.Copy(fields, p.fields)
}

// addOddities gives an item attributes that no one type of a column holds: in most items "mixed" is a number, "Status" and "status" differ in case
// only, and few items have a NULL, a fraction or all 38 digits of a number.
func addOddities(item verify.Item) {
	random := draw(0, "oddities", keyOf(item))
	number := func(text string) types.AttributeValue { return &types.AttributeValueMemberN{Value: text} }
	item["Status"] = number(fmt.Sprint(random.IntN(10)))
	switch random.IntN(8) {
	case 0:
		item["mixed"] = &types.AttributeValueMemberS{Value: "text"}
	case 1:
		item["mixed"] = &types.AttributeValueMemberNULL{Value: true}
	case 2:
		item["mixed"] = &types.AttributeValueMemberL{Value: []types.AttributeValue{number("1"), &types.AttributeValueMemberNULL{Value: true}}}
	case 3:
		item["mixed"] = number("0.5")
	case 4:
		item["mixed"] = number(strings.Repeat("9", 38))
	default:
		item["mixed"] = number(fmt.Sprint(random.IntN(1000)))
	}
}
