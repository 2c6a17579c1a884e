package plan

import (
	"context"
	"fmt"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/problem"
	"dynamodb-to-s3/lambda/run"
)

// leastWatched is the least time of a scan whose uploads a rule can abort. A rule leaves them open for a day or more, and a scan rarely takes
// 24 times as long as at full speed.
const leastWatched = time.Hour

// checkLifecycle refuses a scan that certainly lasts longer than a lifecycle rule of the bucket leaves its uploads open: from their first byte
// until the commit. It warns in the log of a rule that leaves them open for a day or less. It does not ask S3 if the scan is short.
//
// S3 adds the days to the start of an upload, and rounds up to the next midnight.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html#intro-lifecycle-rules-number-of-days
func (s *Step) checkLifecycle(ctx context.Context, d draft, output run.PlanOutput) error {
	reading := s.reads(*output.Plan.Scan, d.described, output.Concurrency)
	if reading.units/reading.rate < leastWatched.Seconds() {
		return nil
	}
	data := output.Plan.Layout().DataPrefix()
	for _, rule := range bucket.New(s.Objects(output.Plan), output.Plan).UploadRules(ctx) {
		all := strings.HasPrefix(data, rule.Prefix)
		if !all && !strings.HasPrefix(rule.Prefix, data) {
			continue
		}
		if rule.Days <= 1 {
			s.Log.WarnContext(ctx, "a lifecycle rule of the bucket aborts the uploads of a run that lasts longer, which then fails as UploadGone",
				"runId", output.Plan.RunID, "table", output.Plan.Table, "bucket", output.Plan.Bucket, "rule", rule.ID, "prefix", rule.Prefix, "daysAfterInitiation", rule.Days)
		}
		if req := d.request; !all || leavesOut(*req.Scan) || req.Transform != "" || req.Encoder != "" { // the first upload may begin at the end
			continue
		}
		limit := fmt.Sprintf("the lifecycle rule %s of the bucket aborts uploads %d days after they begin, and the run completes them at its end. Or raise the days of the rule",
			problem.Quote(rule.ID), rule.Days)
		most := time.Duration(rule.Days+1) * 24 * time.Hour
		if err := reading.tooLong(d.request, most.Seconds(), limit).Err(); err != nil {
			return err
		}
	}
	return nil
}
