package main

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/run"
)

// anyRun are patterns of the keys of all runs: below the root of the bucket, and below any prefix, because requests choose the prefix. In
// IAM, * matches slashes too.
var anyRun = []run.Layout{{Root: "AWSDynamoDB/*"}, {Root: "*/AWSDynamoDB/*"}}

// chainJournals are patterns of the keys of the journals that the runs of a chain share.
var chainJournals = []string{run.ExportChain{}.Journals() + "*", run.ExportChain{Prefix: "*"}.Journals() + "*"}

// lastSchemas are patterns of the keys of the last schemas of tables.
var lastSchemas = []string{run.LastSchemas("") + "*", run.LastSchemas("*") + "*"}

// permissions returns exactly what the calls of a function need. Only plan can claim a run. scan uploads data objects, and finalize completes
// the uploads, commits and removes what is not committed. Only prune can remove committed data. Only export can start exports, and DynamoDB
// writes them with its rights.
//
// The tables are last: if a new table needs a new policy, the other permissions stay in the policies in which they are.
func permissions(at place, function contract.Function, props *Props) []grant {
	all := slices.Concat(ofObjects(at, function, props), ofCatalog(at, function, props), ofKeys(function, props), ofRoles(function, props),
		ofNetwork(at, props), ofTables(at, function, props))
	return slices.DeleteFunc(all, func(g grant) bool { return len(g.resources) == 0 })
}

// ofTables returns what a function does with tables.
func ofTables(at place, function contract.Function, props *Props) []grant {
	readable, exportable := props.readable(), props.exportable()
	switch function {
	case contract.FunctionPlan:
		var metrics []string
		if *props.Explain.Metrics {
			metrics = []string{"*"}
		}
		return []grant{
			// plan estimates a run by what others have consumed. The action supports neither resources nor a condition on the namespace.
			// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
			allow(actions("cloudwatch:GetMetricData"), metrics),
			// plan describes the table and its recovery, asks for one item to see whether DynamoDB accepts the parameters of the scan, and reads
			// a sample for an estimate. One statement is shorter than two; an index cannot be described.
			allow(actions("dynamodb:DescribeTable", "dynamodb:DescribeContinuousBackups", "dynamodb:Scan"), at.tables(readable, "", "/index/*")),
		}
	case contract.FunctionScan:
		// scan reads, and checks that the table was not replaced. One statement again.
		return []grant{allow(actions("dynamodb:DescribeTable", "dynamodb:Scan"), at.tables(readable, "", "/index/*"))}
	case contract.FunctionExport:
		return []grant{
			// export looks for an earlier start of the same export, so that it is not paid for twice. The action supports no
			// resources, so it cannot be limited to a table. It returns only ARNs, types and statuses of exports.
			// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html#amazondynamodb-ListExports
			allow(actions("dynamodb:ListExports"), []string{"*"}),
			// Before export starts an export, it checks that the table was not replaced, whether it can be exported, and from which times.
			// One statement again: DescribeExport is the only action on an export, and does not apply to a table.
			allow(actions("dynamodb:DescribeTable", "dynamodb:DescribeContinuousBackups", "dynamodb:ExportTableToPointInTime", "dynamodb:DescribeExport"),
				at.tables(exportable, "", "/export/*")),
		}
	case contract.FunctionColumns, contract.FunctionConvert, contract.FunctionFinalize, contract.FunctionCatalog, contract.FunctionPrune:
		return nil
	default:
		panic("internal error: no permissions are defined for the function " + string(function))
	}
}

// ofObjects returns what a function does with objects. s3:PutObject also permits to create and complete multipart uploads, to upload parts,
// and writes with If-None-Match.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
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
		// In IAM, ? matches one character. The names of a scan's objects are <segment>-<part>-<try>; those of DynamoDB do not match.
		data     = objects(func(l run.Layout) string { return l.DataPrefix() + "??????-??????-*" })
		lists    = objects(func(l run.Layout) string { return l.SegmentLists() + "*" })
		markers  = objects(func(l run.Layout) string { return l.PaceMarkers() + "*" })
		units    = objects(func(l run.Layout) string { return l.Units() + "*" })
		journals = objects(run.Layout.Journal)
		tries    = objects(func(l run.Layout) string { return l.ExportTry("*") })
		schema   = objects(run.Layout.Schema)
		staging  = objects(func(l run.Layout) string { return l.StagingPrefix() + "*" })
		shares   = objects(func(l run.Layout) string { return l.StagingPrefix() + "_files/*" })
		shown    = objects(run.Layout.Statements)
		learned  []string
		exported []string
		symlinks []string
		last     []string
	)
	for _, layout := range anyRun {
		layout.Staging = true
		learned = append(learned, object(layout.SegmentLists()+"*"), object(layout.StagingPrefix()+"*manifest-*"), object(layout.Result()))
	}
	own := slices.Clone(journals) // without those that the runs of a chain share
	for _, pattern := range chainJournals {
		journals = append(journals, object(pattern))
	}
	for _, pattern := range lastSchemas {
		last = append(last, object(pattern))
	}
	for _, pattern := range exportedFolders {
		exported, symlinks = append(exported, object(pattern+"*")), append(symlinks, object(pattern+"_symlinks/*"))
	}
	var grants []grant
	switch function {
	case contract.FunctionPlan:
		grants = []grant{
			// Without s3:ListBucket, S3 answers 403 instead of 404 for a missing object. plan reads how long the bucket's lifecycle rules
			// leave uploads open. It estimates a run of a chain by the journal.
			allow(actions("s3:ListBucket", "s3:GetLifecycleConfiguration"), []string{bucket}),
			allow(actions("s3:GetObject"), claim, summary, result, schema, journals[len(own):]),
			allow(actions("s3:PutObject"), claim),
		}
	case contract.FunctionScan:
		grants = []grant{
			// After a takeover, scan checks which uploads of the former execution are still open.
			allow(actions("s3:ListBucket", "s3:ListBucketMultipartUploads"), []string{bucket}),
			// scan reads the claim, its own lists, after a takeover the lists of the earlier execution, the markers of the
			// segments that are done, and what is left of the run's limit. It lists the lists of a throttled run to see progress.
			allow(actions("s3:GetObject"), claim, lists, markers, units),
			allow(actions("s3:PutObject"), data, lists, markers, units),
			allow(actions("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"), data),
		}
	case contract.FunctionExport:
		grants = []grant{
			allow(actions("s3:ListBucket"), []string{bucket}), // as in plan
			allow(actions("s3:GetObject", "s3:PutObject"), journals),
			// DynamoDB writes an export with the rights of the caller, to a folder whose name is unknown before and, for an
			// incremental export, to a folder beside it. Before export starts an export, it writes an object of its own to see
			// whether DynamoDB can write there.
			// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport_Requesting.html#S3DataExport_Requesting_Permissions
			allow(actions("s3:PutObject", "s3:PutObjectAcl", "s3:AbortMultipartUpload"), tries, exported).where(onlyOwnersACL),
		}
	case contract.FunctionColumns:
		grants = []grant{
			allow(actions("s3:ListBucket"), []string{bucket}), // as in plan
			// columns reads what the first pass has learned and committed, and the schema of the last run. The manifests of a native export are
			// in a folder of their own below _staging/.
			allow(actions("s3:GetObject"), claim, schema, last, learned),
			allow(actions("s3:PutObject"), schema, shares),
		}
	case contract.FunctionConvert:
		grants = []grant{
			// convert reads staged files, and otherwise does what scan does. It writes lists below _staging/ too, when it learns from a native
			// export.
			allow(actions("s3:ListBucket", "s3:ListBucketMultipartUploads"), []string{bucket}),
			allow(actions("s3:GetObject"), claim, lists, schema, staging),
			allow(actions("s3:PutObject"), data, lists),
			allow(actions("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"), data),
		}
	case contract.FunctionFinalize:
		grants = []grant{
			allow(actions("s3:ListBucket", "s3:ListBucketMultipartUploads"), []string{bucket}),
			// finalize also checks native exports, whose manifests have the same names. It asks for the checksums of data objects that
			// an earlier try completed. IAM has no narrower action for that.
			allow(actions("s3:GetObject"), claim, manifests, lists, journals, result, data, schema, last),
			allow(actions("s3:PutObject"), data, manifests, journals, result, last),
			allow(actions("s3:ListMultipartUploadParts"), data),
			allow(actions("s3:DeleteObject"), data, lists, markers, units, staging),
			allow(actions("s3:AbortMultipartUpload"), data, staging, objects(run.Layout.ManifestFiles)), // a large manifest is a multipart upload
		}
	case contract.FunctionCatalog:
		grants = []grant{
			allow(actions("s3:ListBucket"), []string{bucket}), // as in plan
			// catalog reads the manifests of a committed run, and its schema or what its scan has learned.
			allow(actions("s3:GetObject"), claim, manifests, lists, schema, last),
			allow(actions("s3:PutObject"), schema, shown, symlinks, last),
		}
	case contract.FunctionPrune:
		grants = []grant{
			allow(actions("s3:ListBucket"), []string{bucket}),
			allow(actions("s3:GetObject"), claim, manifests, result),
			allow(actions("s3:PutObject"), claim), // marks the run before its objects go
			// Everything that the runs and DynamoDB write below the folder of a run or an export, and nothing else. What runs share stays: the
			// journals of chains, and the last schemas.
			allow(actions("s3:DeleteObject"), claim, manifests, data, lists, markers, units, own, tries, result, schema, shown, staging, exported),
		}
	}
	// If the owner deletes the bucket, another account can take its name. The condition refuses that account the data. DynamoDB writes
	// exports with the same rights to the same bucket.
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-resourceaccount
	owner := condition{"StringEquals": {"aws:ResourceAccount": {cmp.Or(props.Bucket.Owner, at.account)}}}
	for i := range grants {
		grants[i] = grants[i].where(owner)
	}
	return grants
}

// exportedFolders are patterns of the folders to which DynamoDB writes exports: one for each export, and one that incremental exports share.
// In IAM, ? matches one character. The id of an export has 14 digits of milliseconds, which begin with 0, and 8 hexadecimal ones. run.Root
// refuses runs whose names begin like it, so the patterns match no key of another run.
var exportedFolders = []string{
	"AWSDynamoDB/0?????????????-????????/", "*/AWSDynamoDB/0?????????????-????????/",
	"AWSDynamoDB/data/", "*/AWSDynamoDB/data/",
}

// onlyOwnersACL refuses the ACLs that open an object to others than the owner of the bucket. AWS does not document which ACL DynamoDB sends
// with an export. It cannot be another one: exports also work in buckets without ACLs, which accept only this one, or none. Without an ACL in
// the request, the condition holds too.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html
var onlyOwnersACL = condition{"StringEqualsIfExists": {"s3:x-amz-acl": {"bucket-owner-full-control"}}}

// ofKeys returns what S3 and DynamoDB do with keys on behalf of a function. S3 generates a data key to write an object. It decrypts the
// data key to read an object and to continue an upload. DynamoDB decrypts the table's key on behalf of the caller that reads the table. For
// an export it uses the table's key and describes the destination's key on behalf of the caller that starts the export.
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
				if strings.HasPrefix(region, "cn-") { // the documentation does not say which of the two applies in China
					hosts = append(hosts, service+"."+region+".amazonaws.com.cn")
				}
			}
			return condition{"StringEquals": {"kms:ViaService": hosts}}
		}
		switch function {
		case contract.FunctionColumns, contract.FunctionConvert, contract.FunctionFinalize, contract.FunctionCatalog, contract.FunctionPrune:
			grants = append(grants, allow(actions("kms:Decrypt", "kms:GenerateDataKey"), keys).where(via("s3")))
		case contract.FunctionPlan, contract.FunctionScan:
			grants = append(grants,
				allow(actions("kms:Decrypt"), keys).where(via("dynamodb", "s3")),
				allow(actions("kms:GenerateDataKey"), keys).where(via("s3")))
		case contract.FunctionExport:
			grants = append(grants, allow(actions("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"), keys).where(via("dynamodb", "s3")))
		}
	}
	return grants
}

// ofRoles returns the roles that a function may assume to read a table or to write objects. The export function assumes none, because
// DynamoDB makes exports with the function's own rights.
func ofRoles(function contract.Function, props *Props) []grant {
	var roles []string
	switch function {
	case contract.FunctionPlan, contract.FunctionScan:
		roles = slices.Concat(props.SourceRoles, props.DestinationRoles)
	case contract.FunctionColumns, contract.FunctionConvert, contract.FunctionFinalize, contract.FunctionCatalog, contract.FunctionPrune:
		roles = slices.Clone(props.DestinationRoles)
	}
	slices.Sort(roles)
	return []grant{allow(actions("sts:AssumeRole"), slices.Compact(roles))}
}
