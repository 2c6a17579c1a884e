//go:build !race

package main

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/run"
)

// rights are the roles that may do something with objects of a kind, by their letters.
type rights struct{ get, put, acl, remove, abort, parts string }

// letterOf are the letters of the roles, in the order in which rights have them.
var letterOf = map[contract.Function]string{
	contract.FunctionPlan: "p", contract.FunctionScan: "s", contract.FunctionExport: "e",
	contract.FunctionColumns: "c", contract.FunctionConvert: "v", contract.FunctionFinalize: "f",
	contract.FunctionCatalog: "g", contract.FunctionPrune: "r",
}

// without returns the rights that are left if a role does not exist.
func (r rights) without(letter string) rights {
	for _, each := range []*string{&r.get, &r.put, &r.acl, &r.remove, &r.abort, &r.parts} {
		*each = strings.ReplaceAll(*each, letter, "")
	}
	return r
}

// Each kind of key has exactly the roles that need it, at the root of the bucket and below any prefix. So only plan can claim a run, scan
// can write no manifest, export can write nothing in the folder of a scan, and only finalize and prune can remove. prune writes nothing but a
// mark in a claim, and removes nothing that runs share. IAM has no pattern for what is not below
// _staging/, so scan and convert may write the data of both passes.
func TestKeysHaveTheirRoles(t *testing.T) {
	claim := rights{get: "pscvfgr", put: "pr", remove: "r"}
	data := rights{get: "f", put: "svf", remove: "fr", abort: "svf", parts: "svf"}
	list := rights{get: "svfg", put: "sv", remove: "fr"}
	manifest := rights{get: "fgr", put: "f", remove: "r"}
	journal := rights{get: "ef", put: "ef", remove: "r"}
	summary := rights{get: "pfgr", put: "f", remove: "r"}
	result := rights{get: "pfr", put: "f", remove: "r"}
	exported := rights{put: "e", acl: "e", remove: "r", abort: "e"}

	// staged adds what the roles may do below _staging/: convert reads everything, and finalize and prune remove everything. columns reads what only it may
	// read there.
	staged := func(of rights, columns string) rights {
		var get, abort string
		for _, function := range contract.Functions() {
			letter := letterOf[function]
			if letter == "v" || strings.Contains(of.get+columns, letter) {
				get += letter
			}
			if letter == "f" || strings.Contains(of.abort, letter) {
				abort += letter
			}
		}
		of.get, of.remove, of.abort = get, "fr", abort
		return of
	}

	want := map[string]rights{}
	for _, prefix := range []string{"", "dynamodb/{table}", "a/b", "data", "_chains/_segments", "0rders-nightly-2/data"} {
		names := []string{"run-1", "orders-nightly-20260131T060000Z", "_segments", "_started", "manifest-summary.json", "data-1"}
		for n := range 32 { // names that are like the ids of exports
			names = append(names, ("0aaaaaaaaaaaaa-" + strings.Repeat("b", 17))[:n+1])
		}
		for _, name := range names {
			root, err := run.Root(prefix, "orders", name, time.Unix(0, 0))
			if err != nil {
				continue // no run has this name
			}
			l := run.Layout{Root: root}
			want[l.Claim()] = claim
			want[l.Data(3, 0, "0a1b2c3d", ".parquet")] = data
			want[l.SegmentList(3, 0, "0a1b2c3d")], want[l.SegmentEnd(3)] = list, list
			want[l.PaceMarker("0123456789abcdef", 3)] = rights{get: "s", put: "s", remove: "fr"}
			want[l.UnitsAccount("0123456789abcdef", 3)], want[l.RaisedLimit()] = rights{get: "s", put: "s", remove: "fr"}, rights{get: "s", put: "s", remove: "fr"}
			want[l.ManifestFiles()] = rights{get: "fgr", put: "f", remove: "r", abort: "f"}
			want[l.ManifestSummary()], want[l.Result()] = summary, result
			want[l.Statements()] = rights{put: "g", remove: "r"}
			for _, key := range slices.Concat(l.Checksums(l.ManifestFiles()), l.Checksums(l.ManifestSummary())) {
				want[key] = manifest
			}
			want[l.Journal()], want[l.ExportTry("token")] = journal, exported
			want[root+"/other"], want[root+"/data/other.json.gz"], want[root+"/_stagings/x"] = rights{}, rights{}, rights{}

			want[l.Schema()] = rights{get: "pcvfg", put: "cg", remove: "r"}
			want[l.SegmentFiles(3)] = staged(rights{put: "c"}, "")
			l.Staging = true
			want[l.Data(3, 0, "0a1b2c3d", ".json.zst")] = staged(data, "")
			want[l.SegmentList(3, 0, "0a1b2c3d")], want[l.SegmentEnd(3)] = staged(list, "c"), staged(list, "c")
			want[l.PaceMarker("0123456789abcdef", 3)] = staged(rights{get: "s", put: "s"}, "")
			want[l.UnitsAccount("0123456789abcdef", 3)], want[l.RaisedLimit()] = staged(rights{get: "s", put: "s"}, ""), staged(rights{get: "s", put: "s"}, "")
			want[l.ManifestFiles()] = staged(manifest, "c")
			want[l.ManifestSummary()], want[l.Result()] = staged(summary, "c"), staged(result, "c")
			for _, key := range slices.Concat(l.Checksums(l.ManifestFiles()), l.Checksums(l.ManifestSummary())) {
				want[key] = staged(manifest, "c")
			}
			want[l.Journal()], want[l.ExportTry("token")] = staged(journal, ""), staged(exported, "")
			want[l.StagingPrefix()+"other"], want[l.StagingPrefix()+"data/other.json.gz"] = staged(rights{}, ""), staged(rights{}, "")
			// DynamoDB writes the export of the first pass.
			native := run.Layout{Root: l.StagingPrefix() + "AWSDynamoDB/01693685827463-2d8752fd"}
			want[native.Claim()] = staged(rights{get: "psfgr", put: "per", acl: "e", abort: "e"}, "c")
			want[native.ManifestSummary()] = staged(rights{get: "pfgr", put: "ef", acl: "e", abort: "e"}, "c")
			for _, key := range append(native.Checksums(native.ManifestFiles()), native.ManifestFiles()) {
				want[key] = staged(rights{get: "fgr", put: "ef", acl: "e", abort: "e"}, "c")
			}
			want[native.DataPrefix()+"7kzq3m5lf4y2jbxv6wq2u5c7ze.json.gz"] = staged(exported, "")
		}
		root, err := run.Root(prefix, "orders", "run-1", time.Unix(0, 0))
		if err != nil {
			t.Fatal(err)
		}
		folder := strings.TrimSuffix(root, "run-1")
		want[run.ExportChain{TableARN: "arn:aws:dynamodb:us-east-1:000000000000:table/orders", Prefix: prefix}.Journal()] = rights{get: "pef", put: "ef"}
		want[folder+"_schemas/orders-0123456789abcdef.json"] = rights{get: "cfg", put: "fg"}
		want[folder+"other"], want[strings.TrimSuffix(folder, "AWSDynamoDB/")+"other"] = rights{}, rights{}
		// DynamoDB writes these with the rights of the function export. Their names are those of a scan's objects.
		native := run.Layout{Root: folder + "01693685827463-2d8752fd"}
		want[native.Claim()] = rights{get: "pscvfgr", put: "per", acl: "e", remove: "r", abort: "e"}
		want[native.ManifestSummary()] = rights{get: "pfgr", put: "ef", acl: "e", remove: "r", abort: "e"}
		for _, key := range slices.Concat([]string{native.ManifestFiles()}, native.Checksums(native.ManifestFiles())) {
			want[key] = rights{get: "fgr", put: "ef", acl: "e", remove: "r", abort: "e"}
		}
		want[native.ManifestFiles()] = rights{get: "fgr", put: "ef", acl: "e", remove: "r", abort: "ef"}
		want[native.Root+"/_symlinks/files.txt"] = rights{put: "eg", acl: "e", remove: "r", abort: "e"}
		want[native.DataPrefix()+"7kzq3m5lf4y2jbxv6wq2u5c7ze.json.gz"], want[folder+"data/7kzq3m5lf4y2jbxv6wq2u5c7ze.json.gz"] = exported, exported
	}
	for _, made := range []template{synth(t), synthFull(t)} {
		granted := policies(t, made)
		for _, key := range slices.Sorted(maps.Keys(want)) {
			may := func(action string) (letters string) {
				for _, function := range contract.Functions() {
					if allows(granted, access{string(function) + "/Role", action, "arn:aws:s3:::replica/" + key}) {
						letters += letterOf[function]
					}
				}
				return letters
			}
			got := rights{
				get: may("s3:GetObject"), put: may("s3:PutObject"), acl: may("s3:PutObjectAcl"), remove: may("s3:DeleteObject"),
				abort: may("s3:AbortMultipartUpload"), parts: may("s3:ListMultipartUploadParts"),
			}
			want := want[key]
			if granted["prune/Role"] == nil {
				want = want.without("r")
			}
			if got != want {
				t.Errorf("%s: got %+v, want %+v", key, got, want)
			}
		}
		for role, statements := range granted { // nobody else
			for _, s := range statements {
				if first := s.Action[0]; strings.HasPrefix(first, "s3:") && letterOf[contract.Function(strings.TrimSuffix(role, "/Role"))] == "" {
					t.Errorf("%s may %v", role, s.Action)
				}
			}
		}
	}
	if len(want) < 1000 {
		t.Errorf("only %d keys", len(want))
	}
}
