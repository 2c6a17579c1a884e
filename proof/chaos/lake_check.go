package chaos

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// tableName is the name in the catalog of the table of the newest run.
func (l *Lake) tableName() string { return strings.ReplaceAll(l.table, "-", "_") }

// write adds, changes or removes an item, so that runs differ.
func (l *Lake) write(ctx context.Context, random *rand.Rand) error {
	client := dynamodb.NewFromConfig(l.tables.AWS())
	key := map[string]ddbtypes.AttributeValue{"orderId": &ddbtypes.AttributeValueMemberS{Value: fmt.Sprintf("own-%d", random.IntN(8))}}
	if random.IntN(3) == 0 {
		_, err := client.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &l.table, Key: key})
		return err
	}
	key["n"] = &ddbtypes.AttributeValueMemberN{Value: fmt.Sprint(random.IntN(1000))}
	_, err := client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &l.table, Item: key})
	return err
}

// stranger writes objects of somebody else below the prefix of the runs.
func (l *Lake) stranger(ctx context.Context) error {
	for _, key := range []string{
		lakePrefix + "/notes.txt", lakePrefix + "/AWSDynamoDB/notes.txt", lakePrefix + "/AWSDynamoDB/run-1/notes.txt", lakePrefix + "/AWSDynamoDB/data/notes.txt",
		lakePrefix + "/AWSDynamoDB/theirs/manifest-summary.json", lakePrefix + "/AWSDynamoDB/theirs/data/part-0.json", lakePrefix + "2/AWSDynamoDB/run-2/manifest-summary.json",
	} {
		body := strings.NewReader(`{"version":"2020-06-30","tableArn":"arn:aws:dynamodb:us-east-1:` + account + `:table/theirs","exportTime":"2020-01-01T00:00:00Z"}`)
		if _, err := l.objects.PutObject(ctx, &s3.PutObjectInput{Bucket: &l.bucket, Key: &key, Body: body}); err != nil {
			return err
		}
		l.foreign = append(l.foreign, key)
	}
	return nil
}

// touch changes the table of the newest run as another program does: what the runs of this project write stays.
func (l *Lake) touch(ctx context.Context) {
	found, err := l.catalog.GetTable(ctx, &glue.GetTableInput{DatabaseName: new(lakeDatabase), Name: new(l.tableName())})
	if err != nil {
		return // there is no table yet
	}
	t := found.Table
	_, _ = l.catalog.UpdateTable(ctx, &glue.UpdateTableInput{DatabaseName: new(lakeDatabase), VersionId: t.VersionId, SkipArchive: aws.Bool(true), TableInput: &types.TableInput{
		Name: t.Name, Description: new("touched"), Parameters: t.Parameters, StorageDescriptor: t.StorageDescriptor, TableType: t.TableType, PartitionKeys: t.PartitionKeys,
	}}) // it fails if a run was faster
}

// shows notes that the catalog shows commits.
func (l *Lake) shows(folders []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, folder := range folders {
		if c := l.commits[folder]; c != nil {
			c.shown = true
		}
	}
}

// checkRemoval checks what prune is about to change, at the moment at which it changes it.
func (l *Lake) checkRemoval(request *http.Request, o operation) error {
	body, err := readBody(request)
	if err != nil {
		return err
	}
	l.committing.RLock()
	defer l.committing.RUnlock()
	newest, err := l.pointer(request.Context())
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case o.service == serviceGlue:
		for _, c := range l.commits {
			if c.full() && strings.Contains(string(body), `"`+c.run+`"`) && c.hiddenAt.IsZero() {
				l.broken = append(l.broken, fmt.Errorf("prune removes the partition of %s, which is not marked", c.run))
			}
		}
	case o.name == "PutObject":
		for _, c := range l.commits {
			if path.Base(path.Dir(o.subject)) != c.run || !c.hiddenAt.IsZero() {
				continue
			}
			if c.hiddenAt = l.now(); l.stays(c, newest) != "" {
				l.broken = append(l.broken, fmt.Errorf("prune hides %s: %s", c.run, l.stays(c, newest)))
			}
		}
	default:
		for _, key := range removed(o, body) {
			if fault := l.mayRemove(key); fault != "" {
				l.broken = append(l.broken, fmt.Errorf("prune removes %s: %s", key, fault))
			}
		}
	}
	return nil
}

// mayRemove returns why prune may not remove an object now, "" if it may.
func (l *Lake) mayRemove(key string) string {
	if slices.Contains(l.foreign, key) {
		return "it is somebody else's"
	}
	known := false
	for folder, c := range l.commits {
		_, named := c.files[key]
		if !named && !strings.HasPrefix(key, folder) && !strings.Contains(key, "/"+c.run+"/") {
			continue
		}
		switch known = true; {
		case c.hiddenAt.IsZero():
			return c.name + " is not hidden"
		case !strings.Contains(path.Base(key), "manifest-summary.") && l.now().Sub(c.hiddenAt) < grace:
			return c.name + " was hidden less than an hour ago"
		}
	}
	if !known {
		return "it is of a run that is not committed"
	}
	return ""
}

// removed returns the keys that a request removes.
func removed(o operation, body []byte) (keys []string) {
	if o.name != "DeleteObjects" {
		return []string{o.subject}
	}
	var in struct {
		Object []struct{ Key string }
	}
	_ = xml.Unmarshal(body, &in) // S3 says so if it cannot be read
	for _, object := range in.Object {
		keys = append(keys, object.Key)
	}
	return keys
}

// window returns a moment as the keys of partitions have it.
func window(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05.000") }

// pointer returns the moment of the run that the table of the newest run shows.
func (l *Lake) pointer(ctx context.Context) (at time.Time, err error) {
	found, err := l.catalog.GetTable(ctx, &glue.GetTableInput{DatabaseName: new(lakeDatabase), Name: new(l.tableName())})
	if errors.As(err, new(*types.EntityNotFoundException)) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	return time.Parse(time.RFC3339Nano, found.Table.Parameters["ddb2s3.as_of"])
}

// keys returns the ETags of all objects.
func (l *Lake) keys(ctx context.Context) (map[string]string, error) {
	all := map[string]string{}
	pages := s3.NewListObjectsV2Paginator(l.objects, &s3.ListObjectsV2Input{Bucket: &l.bucket})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, object := range page.Contents {
			all[*object.Key] = strings.Trim(*object.ETag, `"`)
		}
	}
	return all, nil
}

// checkKept checks that everything is there that a run names which is not hidden, or which was hidden less than an hour ago, and what is somebody
// else's.
func (l *Lake) checkKept(ctx context.Context) {
	there, err := l.keys(ctx)
	if err != nil {
		l.breaks(err)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.commits {
		if !c.hiddenAt.IsZero() && l.now().Sub(c.hiddenAt) >= grace || c.at.After(l.now().Add(-time.Second)) { // it may be younger than the list of keys
			continue
		}
		needed := maps.Clone(c.files)
		needed[c.folder+"manifest-files.json"] = ""
		if c.hiddenAt.IsZero() {
			needed[c.folder+"manifest-summary.json"] = ""
		}
		for key, etag := range needed {
			if is, found := there[key]; !found || etag != "" && is != etag {
				l.broken = append(l.broken, fmt.Errorf("%s of %s is %q, want %q", key, c.run, is, etag))
			}
		}
	}
	for _, key := range l.foreign {
		if there[key] == "" {
			l.broken = append(l.broken, fmt.Errorf("%s is gone, which is somebody else's", key))
		}
	}
}

// checkHidden checks that prune has hidden all that it may hide, and that the newest run is shown. It returns what is hidden.
func (l *Lake) checkHidden(ctx context.Context) (hidden []*committed, err error) {
	newest, err := l.pointer(ctx)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.commits {
		switch {
		case !c.hiddenAt.IsZero():
			hidden = append(hidden, c)
		case l.stays(c, newest) == "":
			l.broken = append(l.broken, fmt.Errorf("no prune hides %s", c.run))
		case c.full() && c.asOf.After(newest):
			l.broken = append(l.broken, fmt.Errorf("the table shows a run of %s, and %s of %s is committed", newest, c.run, c.asOf))
		}
	}
	return hidden, nil
}

// checkGone checks that nothing is left of runs that were hidden long ago.
func (l *Lake) checkGone(ctx context.Context, gone []*committed) error {
	l.checkKept(ctx)
	there, err := l.keys(ctx)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.prunedRuns = len(gone)
	for _, c := range gone {
		for key := range there {
			if _, named := c.files[key]; (named || strings.HasPrefix(key, c.folder) || strings.Contains(key, "/"+c.run+"/")) && !slices.Contains(l.foreign, key) {
				l.broken = append(l.broken, fmt.Errorf("%s is left of %s", key, c.run))
			}
		}
	}
	return nil
}
