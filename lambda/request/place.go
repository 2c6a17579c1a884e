package request

import (
	"fmt"

	"dynamodb-to-s3/lambda/partition"
	"dynamodb-to-s3/lambda/problem"
)

// CheckPlace fails with InvalidRequest if the request names something that functions in a region cannot reach: an ARN of another partition,
// which has accounts of its own, or a KMS key of another region than the bucket's, which is the functions' region too. Regions of no partition,
// such as those of local servers, allow everything.
func (r Request) CheckPlace(region string) error {
	own := partition.Of(region)
	if own == "" {
		return nil
	}
	fields := []struct{ path, arn string }{
		{"table", r.Table}, {"sourceRoleArn", r.SourceRoleARN}, {"destinationRoleArn", r.DestinationRoleARN}, {"kmsKeyId", r.KMSKeyID}, // Parse gives export.s3SseKmsKeyId the same value
	}
	var found problem.List
	for _, field := range fields {
		id, at := partition.Place(field.arn)
		switch {
		case id != "" && id != own:
			found = append(found, problem.Problem{Path: field.path, Got: problem.Quote(field.arn), Want: fmt.Sprintf(
				"an ARN with arn:%s, the partition of the functions, which are in %s: nothing of partition %s can be reached from there", own, region, id)})
		case id != "" && field.path == "kmsKeyId" && at != region:
			found = append(found, problem.Problem{Path: field.path, Got: problem.Quote(field.arn), Want: fmt.Sprintf(
				"a key in %s, the region of the functions and of the bucket: S3 uses no key of another region", region)})
		}
	}
	if len(found) == 0 {
		return nil
	}
	return found.Err()
}
