package main

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/run"
)

// anyRun are the keys of every run, as patterns: below the bucket's root, and below any prefix, which a request is free to
// choose. A * of IAM matches slashes too.
var anyRun = []run.Layout{{Root: "AWSDynamoDB/*"}, {Root: "*/AWSDynamoDB/*"}}

// chainJournals are the keys of the journals that runs of a chain share, as patterns.
var chainJournals = []string{run.ChainJournals("") + "*", run.ChainJournals("*") + "*"}

// permissions returns what a function's calls need, and no more: of a scan, only plan can claim the run, only scan write data,
// and only finalize commit and remove. Only export starts exports; it lends DynamoDB the right to write them.
func permissions(at place, function contract.Function, props *Props) []grant {
	all := slices.Concat(ofTables(at, function, props), ofObjects(at, function, props), ofKeys(function, props), ofRoles(function, props))
	return slices.DeleteFunc(all, func(g grant) bool { return len(g.resources) == 0 })
}

// ofTables is what a function does with tables.
func ofTables(at place, function contract.Function, props *Props) []grant {
	readable, exportable := props.readable(), props.exportable()
	switch function {
	case contract.FunctionPlan:
		return []grant{allow(actions("dynamodb:DescribeTable"), at.tables(readable, ""))}
	case contract.FunctionScan:
		return []grant{allow(actions("dynamodb:Scan"), at.tables(readable, ""), at.tables(readable, "/index/*"))}
	case contract.FunctionExport:
		return []grant{
			// Whether, and how far back, the table can be exported is looked at before anything is started.
			allow(actions("dynamodb:DescribeContinuousBackups", "dynamodb:ExportTableToPointInTime"), at.tables(exportable, "")),
			allow(actions("dynamodb:DescribeExport"), at.tables(exportable, "/export/*")),
			// An export that was started before is looked for, so that it is not paid for twice. The action knows no resource:
			// it cannot be limited to a table, and tells the ARNs, types and statuses of exports only.
			// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html#amazondynamodb-ListExports
			allow(actions("dynamodb:ListExports"), []string{"*"}),
		}
	case contract.FunctionFinalize:
		return nil
	default:
		panic("internal error: no permissions are laid down for the function " + string(function))
	}
}

// ofObjects is what a function does with objects. Uploads are permitted by s3:PutObject; so is a write under If-None-Match.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
func ofObjects(at place, function contract.Function, props *Props) []grant {
	bucket := at.bucket(props)
	object := func(key string) string { return bucket + "/" + key }
	objects := func(keys func(run.Layout) string) []string {
		var arns []string
		for _, layout := range anyRun {
			arns = append(arns, object(keys(layout)))
		}
		return arns
	}
	var (
		claim     = objects(run.Layout.Claim)
		summary   = objects(run.Layout.ManifestSummary)
		result    = objects(run.Layout.Result)
		manifests = objects(func(l run.Layout) string { return l.Root + "/manifest-*" })
		// A ? of IAM is one character: what a scan writes is <segment>-<part>-<try>, what DynamoDB does is not.
		data     = objects(func(l run.Layout) string { return l.DataPrefix() + "??????-??????-*" })
		lists    = objects(func(l run.Layout) string { return l.SegmentLists() + "*" })
		markers  = objects(func(l run.Layout) string { return l.PaceMarkers() + "*" })
		journals = objects(run.Layout.Journal)
		all      = objects(func(l run.Layout) string { return l.Root })
	)
	for _, pattern := range chainJournals {
		journals = append(journals, object(pattern))
	}
	var grants []grant
	switch function {
	case contract.FunctionPlan:
		grants = []grant{
			// Without s3:ListBucket, S3 answers 403 and not 404 for an object that is not there.
			allow(actions("s3:ListBucket"), []string{bucket}),
			allow(actions("s3:GetObject"), claim, summary, result),
			allow(actions("s3:PutObject"), claim),
		}
	case contract.FunctionScan:
		grants = []grant{
			// As in plan. Whose the run is, and what an execution had done from which it was taken over; under a pace, which segments
			// are done; of a throttled run, whether it moves.
			allow(actions("s3:ListBucket"), []string{bucket}),
			allow(actions("s3:GetObject"), claim, lists, markers),
			allow(actions("s3:PutObject"), data, lists, markers),
			allow(actions("s3:AbortMultipartUpload"), data),
		}
	case contract.FunctionExport:
		grants = []grant{
			// As in plan.
			allow(actions("s3:ListBucket"), []string{bucket}),
			allow(actions("s3:GetObject"), journals),
			// DynamoDB writes the export with the rights of who has started it, to a folder whose name nobody knows before,
			// and, if it is incremental, to one beside it. The journals and what the function itself writes lie there too.
			// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport_Requesting.html#S3DataExport_Requesting_Permissions
			allow(actions("s3:PutObject", "s3:PutObjectAcl", "s3:AbortMultipartUpload"), all),
		}
	case contract.FunctionFinalize:
		grants = []grant{
			allow(actions("s3:ListBucket", "s3:ListBucketMultipartUploads"), []string{bucket}),
			// Native exports have manifests of the same names, and are checked against them.
			allow(actions("s3:GetObject"), claim, manifests, lists, journals, result),
			allow(actions("s3:PutObject"), manifests, journals, result),
			allow(actions("s3:DeleteObject"), data, lists, markers),
			allow(actions("s3:AbortMultipartUpload"), data, objects(run.Layout.ManifestFiles)), // a large manifest is an upload too
		}
	}
	// A bucket's name is not its owner's for ever: whoever takes it after him gets nothing. What DynamoDB writes of an export is
	// asked of S3 with these same rights, about the same bucket.
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-resourceaccount
	owner := condition{"StringEquals": {"aws:ResourceAccount": {cmp.Or(props.Bucket.Owner, at.account)}}}
	for i := range grants {
		grants[i] = grants[i].where(owner)
	}
	return grants
}

// ofKeys is what S3 and DynamoDB do with the keys on a function's behalf. S3 asks for a data key to write an object, and decrypts
// it to read one, or to go on with an upload. DynamoDB decrypts a table's key as whoever reads the table, and for an export uses
// the table's key and looks at the destination's as whoever starts it.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html#require-sse-kms
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html#dynamodb-cmk-trail
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport_Requesting.html#S3DataExport_Requesting_Permissions
func ofKeys(function contract.Function, props *Props) []grant {
	byRegion := map[string][]string{}
	for _, key := range props.KMSKeys {
		region := strings.SplitN(key, ":", 5)[3]
		byRegion[region] = append(byRegion[region], key)
	}
	var grants []grant
	for _, region := range slices.Sorted(maps.Keys(byRegion)) {
		keys := byRegion[region]
		via := func(services ...string) condition {
			var hosts []string
			for _, service := range services {
				hosts = append(hosts, service+"."+region+".amazonaws.com")
				if strings.HasPrefix(region, "cn-") { // AWS's pages leave open which of the two it is there
					hosts = append(hosts, service+"."+region+".amazonaws.com.cn")
				}
			}
			return condition{"StringEquals": {"kms:ViaService": hosts}}
		}
		switch function {
		case contract.FunctionPlan, contract.FunctionFinalize:
			grants = append(grants, allow(actions("kms:Decrypt", "kms:GenerateDataKey"), keys).where(via("s3")))
		case contract.FunctionScan:
			grants = append(grants,
				allow(actions("kms:Decrypt"), keys).where(via("dynamodb", "s3")),
				allow(actions("kms:GenerateDataKey"), keys).where(via("s3")))
		case contract.FunctionExport:
			grants = append(grants, allow(actions("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"), keys).where(via("dynamodb", "s3")))
		}
	}
	return grants
}

// ofRoles is whose rights a function may use in place of its own: to read a table, to write objects. Exports are made with the
// export function's own, so it takes none.
func ofRoles(function contract.Function, props *Props) []grant {
	var roles []string
	switch function {
	case contract.FunctionPlan, contract.FunctionScan:
		roles = slices.Concat(props.SourceRoles, props.DestinationRoles)
	case contract.FunctionFinalize:
		roles = slices.Clone(props.DestinationRoles)
	}
	slices.Sort(roles)
	return []grant{allow(actions("sts:AssumeRole"), slices.Compact(roles))}
}
