package verify

import (
	"context"
	"fmt"
	"strings"

	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// checkFolder lists the data folder of a scan, as a query engine does that knows no manifest. The folder may have no other objects than the
// manifest names, except those of somebody else that the result counts.
func checkFolder(ctx context.Context, client *s3.Client, result run.Result, named map[string]bool) error {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(result.Manifest, "s3://"), "/")
	folder := key[:strings.LastIndexByte(key, '/')+1] + "data/"
	var others []string
	pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &folder})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list s3://%s/%s: %w", bucket, folder, err)
		}
		for _, object := range page.Contents {
			if key := aws.ToString(object.Key); !named[key] {
				others = append(others, key)
			}
		}
	}
	if foreign := result.Foreign; len(others) > 0 && (foreign == nil || int64(len(others)) > foreign.Count) {
		return fmt.Errorf("the folder s3://%s/%s has objects that the manifest does not name, %d of them, such as %s: "+
			"an engine that reads the whole folder reads them too: remove them, or read only what the manifest names", bucket, folder, len(others), others[0])
	}
	return nil
}
