package run_test

import (
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
)

// The keys that the layout makes are the run's own. A near miss is not.
func TestOwnKeysAreExactlyThoseOfTheLayout(t *testing.T) {
	t.Parallel()
	plan := run.Plan{Root: "lake/AWSDynamoDB/night+(1)", Scan: &run.ScanPlan{TotalSegments: 3, Compression: request.CompressionGZIP}}
	layout, own := plan.Layout(), plan.OwnKeys()
	kinds := []struct {
		name string
		is   func(string) bool
		own  []string
		not  []string
	}{
		{"data", own.Data, []string{layout.Data(0, 0, "0a1b2c3d", ".json.gz"), layout.Data(2, run.MaxParts-1, "ffffffff", ".json.gz")}, []string{
			"data/_SUCCESS", "data/", "data/part-00000.json.gz", "data/00000-0000-xyz.json", "data/000000-000000-0a1b2c3d.json", "data/000000-000000-0a1b2c3d.json.zst",
			"data/000000-000000-0a1b2c3d.ion.gz", "data/000000-000000-0a1b2c3.json.gz", "data/000000-000000-0a1b2c3d4.json.gz", "data/000000-000000-0A1B2C3D.json.gz",
			"data/000000-000000-0a1b2c3g.json.gz", "data/000003-000000-0a1b2c3d.json.gz", "data/999999-000000-0a1b2c3d.json.gz", "data/00000-0000000-0a1b2c3d.json.gz",
			"data/000000-000000-0a1b2c3d.json.gz.bak", "data/000000-000000-0a1b2c3dxjsonxgz", "data/x/000000-000000-0a1b2c3d.json.gz", "data/000000-000000-0a1b2c3d.json.gz/x",
			"data/000000-000000-0a1b2c3d.json.gz\n", "data/+00000-000000-0a1b2c3d.json.gz", "data/٠٠٠٠٠٠-000000-0a1b2c3d.json.gz", "data/000000_000000_0a1b2c3d.json.gz",
		}},
		{"list", own.List, []string{layout.SegmentEnd(1), layout.SegmentList(2, 123_456, "0a1b2c3d")}, []string{
			"_segments/", "_segments/README.md", "_segments/000000-end", "_segments/000000-END.json", "_segments/000003-end.json", "_segments/000000-end.json~",
			"_segments/000000-000000-0a1b2c3d.json.gz", "_segments/000000-00000-0a1b2c3d.json", "_segments/000000-000000-end.json", "_segments/old/000000-end.json",
		}},
		{"marker", own.Marker, []string{layout.PaceMarker(plan.Digest(), 0), layout.PaceMarker("0123456789abcdef", 2)}, []string{
			"_pace/", "_pace/000000", "_pace/0123456789abcdef", "_pace/0123456789abcdef-", "_pace/0123456789abcdef-0", "_pace/0123456789abcdef-000003",
			"_pace/0123456789abcdef-0000000", "_pace/0123456789abcdef-000000.json", "_pace/0123456789abcdef-+00000", "_pace/0123456789abcdef--00001",
			"_pace/0123456789abcde-000000", "_pace/0123456789ABCDEF-000000",
		}},
	}
	for _, kind := range kinds {
		for _, other := range kinds {
			for _, key := range other.own {
				if kind.is(key) != (kind.name == other.name) {
					t.Errorf("%s is %s: %t", key, kind.name, kind.is(key))
				}
				if elsewhere := strings.Replace(key, "night+(1)", "nighttt1", 1); kind.is(elsewhere) || kind.is("x"+key) {
					t.Errorf("%s is %s", elsewhere, kind.name)
				}
			}
			for _, name := range other.not {
				if kind.is(layout.Root + "/" + name) {
					t.Errorf("%s is %s", name, kind.name)
				}
			}
		}
	}
	one := run.Plan{Root: "r", Scan: &run.ScanPlan{TotalSegments: 3, Request: request.Scan{Segment: new(int64(1))}, Encoder: &run.Encoder{Name: "csv", Extension: ".csv"}}}.OwnKeys()
	for key, want := range map[string]bool{"r/data/000001-000000-0a1b2c3d.csv": true, "r/data/000000-000000-0a1b2c3d.csv": false, "r/data/000001-000000-0a1b2c3d.json": false} {
		if one.Data(key) != want {
			t.Errorf("%s is data: %t", key, !want)
		}
	}
}
