package verify

import (
	"context"
	"crypto/md5" //nolint:gosec // the checksum that native manifests have
	"fmt"
	"io"
	"os"
	"strings"

	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/duckdb"
	"dynamodb-to-s3/local/verify/parquetitem"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// parquetFiles reads the Parquet files of a run with DuckDB, which shares no code with the engine's writer.
type parquetFiles struct {
	client *s3.Client
	schema parquetitem.Schema
	db     *duckdb.DB
	folder string // for the file that is read
}

// openParquet reads the schema of a run and starts DuckDB.
func openParquet(ctx context.Context, client *s3.Client, result run.Result) (*parquetFiles, error) {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(result.Manifest, "s3://"), "/")
	body, err := get(ctx, client, bucket, key[:strings.LastIndexByte(key, '/')+1]+"_schema.json")
	if err != nil {
		return nil, err
	}
	p := &parquetFiles{client: client}
	if p.schema, err = parquetitem.Parse(body); err != nil {
		return nil, err
	}
	if p.db, err = duckdb.Open(ctx); err != nil {
		return nil, err
	}
	if p.folder, err = os.MkdirTemp("", "verify-parquet-"); err != nil {
		p.db.Close()
		return nil, err
	}
	return p, nil
}

func (p *parquetFiles) close() {
	p.db.Close()
	_ = os.RemoveAll(p.folder) // it is in the system's temporary folder
}

// rounded returns the items of a table as the run has them: if it was asked for doubles, its numbers are doubles.
func (p *parquetFiles) rounded(items map[string]Item) map[string]Item {
	changed := make(map[string]Item, len(items))
	for id, item := range items {
		changed[id] = p.schema.Round(item)
	}
	return changed
}

// read reads a file and calls record with each item.
func (p *parquetFiles) read(record func(Item) error) readObject {
	return func(ctx context.Context, bucket string, file file) error {
		path, err := p.download(ctx, bucket, file)
		if path != "" {
			defer func() { _ = os.Remove(path) }() // close removes the folder
		}
		if err != nil {
			return err
		}
		rows := "select * from " + duckdb.File(path)
		columns, err := p.db.Query(ctx, rows+" limit 0", nil)
		if err != nil {
			return err
		}
		reader, err := p.schema.Reader(columns)
		if err != nil {
			return err
		}
		n := int64(0)
		_, err = p.db.Query(ctx, rows, func(row duckdb.Row) error {
			n++
			item, err := reader.Item(row)
			if err == nil {
				err = record(item)
			}
			if err != nil {
				return fmt.Errorf("row %d: %w", n, err)
			}
			return nil
		})
		if err == nil && n != file.ItemCount {
			err = fmt.Errorf("has %d rows, the manifest says %d items", n, file.ItemCount)
		}
		return err
	}
}

// download copies an object to a file, because DuckDB reads files, and checks its checksum.
func (p *parquetFiles) download(ctx context.Context, bucket string, file file) (path string, err error) {
	answer, err := p.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &file.Key})
	if err != nil {
		return "", fmt.Errorf("read s3://%s/%s: %w", bucket, file.Key, err)
	}
	defer func() { _ = answer.Body.Close() }() // an error shows in the read
	local, err := os.CreateTemp(p.folder, "*.parquet")
	if err != nil {
		return "", err
	}
	sum := md5.New() //nolint:gosec // see the import
	_, err = io.Copy(io.MultiWriter(local, sum), answer.Body)
	if closed := local.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = file.check([md5.Size]byte(sum.Sum(nil)))
	}
	return local.Name(), err
}
