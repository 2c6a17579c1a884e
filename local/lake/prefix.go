package lake

import (
	"context"
	"crypto/md5" //nolint:gosec // the checksum that native manifests have
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/progress"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"
)

const (
	// downloads is how many files are downloaded together.
	downloads = 8
	// tries is how often a file is downloaded if the download breaks off.
	tries = 3
)

// prefix is a place in S3: the objects below root, which is "" or ends with a slash.
type prefix struct {
	client *s3.Client
	bucket *bucket.Bucket
	root   string

	mu   sync.Mutex // guards temp
	temp string     // the folder with what was downloaded; "" before the first download
}

// inS3 returns the place of a URI. If it is below the folder of some runs, it is the prefix that contains those.
func inS3(cfg aws.Config, uri string) (*prefix, error) {
	at, err := url.Parse(uri)
	if err != nil || at.Scheme != "s3" || at.Host == "" {
		return nil, errors.New("want s3://bucket or s3://bucket/prefix")
	}
	root := strings.Trim(strings.TrimPrefix(uri, "s3://"+at.Host), "/")
	if before, _, ok := strings.Cut(root+"/", request.RootFolder+"/"); ok && (before == "" || strings.HasSuffix(before, "/")) {
		root = strings.TrimSuffix(before, "/")
	}
	if root != "" {
		root += "/"
	}
	client := awsclient.S3(cfg)
	return &prefix{client: client, bucket: bucket.New(client, run.Plan{Bucket: at.Host}), root: root}, nil
}

func (p *prefix) name(path string) string { return p.bucket.URI(p.root + path) }

func (p *prefix) read(ctx context.Context, path string) ([]byte, error) {
	content, err := p.bucket.Get(ctx, p.root+path)
	if errors.Is(err, bucket.ErrNotFound) {
		err = fs.ErrNotExist
	}
	return content, err
}

func (p *prefix) list(ctx context.Context, at string) (folders, objects []string, err error) {
	from := p.root
	if at != "" {
		from += at + "/"
	}
	name := p.bucket.Name()
	pages := s3.NewListObjectsV2Paginator(p.client, &s3.ListObjectsV2Input{Bucket: &name, Prefix: &from, Delimiter: aws.String("/")})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, nil, fmt.Errorf("list %s: %w", p.bucket.URI(from), err)
		}
		for _, below := range page.CommonPrefixes {
			folders = append(folders, path.Base(aws.ToString(below.Prefix)))
		}
		for _, object := range page.Contents {
			objects = append(objects, path.Base(aws.ToString(object.Key)))
		}
	}
	return folders, objects, nil
}

// local downloads files. DuckDB would need an extension to read them from S3.
func (p *prefix) local(ctx context.Context, files []File, bytes int64, stderr io.Writer) (map[string]string, error) {
	folder, err := os.MkdirTemp("", "ddb2s3-query-")
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	p.temp = folder
	p.mu.Unlock()
	_, _ = fmt.Fprintf(stderr, "downloading %s, %s, from %s to %s, which is removed afterwards\n",
		progress.Plural(int64(len(files)), "file"), progress.Bytes(bytes), p.name(""), folder)
	var done, read atomic.Int64
	stop := progress.Show(stderr, progress.Work{
		Name: "downloading", Unit: "file", Done: done.Load, Total: func() int64 { return int64(len(files)) },
		Detail: func() string { return progress.Bytes(read.Load()) + " of " + progress.Bytes(bytes) },
	})
	defer stop()
	paths := map[string]string{}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(downloads)
	for i, file := range files {
		local := filepath.Join(folder, fmt.Sprintf("%d-%s", i, path.Base(file.path)))
		paths[file.path] = local
		group.Go(func() (err error) {
			for range tries {
				if err = p.download(ctx, file, local, &read); err == nil || ctx.Err() != nil {
					break
				}
			}
			done.Add(1)
			return err
		})
	}
	return paths, group.Wait()
}

// download copies an object. Its MD5 must be the one in the manifest.
func (p *prefix) download(ctx context.Context, file File, to string, read *atomic.Int64) error {
	name, key := p.bucket.Name(), p.root+file.path
	answer, err := p.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &name, Key: &key})
	if err != nil {
		return fmt.Errorf("download %s: %w", p.name(file.path), err)
	}
	defer answer.Body.Close()
	local, err := os.Create(to)
	if err != nil {
		return err
	}
	sum := md5.New() //nolint:gosec // see the import
	n, err := io.Copy(io.MultiWriter(local, sum), answer.Body)
	err = errors.Join(err, local.Close())
	if got := base64.StdEncoding.EncodeToString(sum.Sum(nil)); err == nil && got != file.md5 {
		err = fmt.Errorf("has the MD5 %s, the manifest says %s", got, file.md5)
	}
	if err != nil {
		return fmt.Errorf("download %s: %w", p.name(file.path), err)
	}
	read.Add(n)
	return nil
}

func (p *prefix) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.temp != "" {
		_ = os.RemoveAll(p.temp) // it is in the system's temporary folder
	}
}
