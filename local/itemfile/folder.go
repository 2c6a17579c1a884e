package itemfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/request"
)

const (
	summaryName = "manifest-summary.json"
	incremental = "INCREMENTAL_EXPORT" // in a manifest, the exportType of changes
)

// openFolder finds the files of a full native export, or of a scan, through its manifests.
func openFolder(folder string) (*Source, error) {
	text, err := os.ReadFile(filepath.Join(folder, summaryName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, noSummary(folder)
	}
	if err != nil {
		return nil, err
	}
	var summary struct {
		manifest.Summary
		ExportType string `json:"exportType"`
	}
	if err := json.Unmarshal(text, &summary); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(folder, summaryName), err)
	}
	form, err := formOf(summary.Summary, summary.ExportType)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(folder, summaryName), err)
	}
	// The keys in a manifest begin at the bucket. The folder can be anywhere, so only what follows the manifest's own folder counts.
	name := filepath.Join(folder, path.Base(summary.ManifestFilesS3Key))
	if text, err = os.ReadFile(name); err != nil {
		return nil, err
	}
	listed, err := manifest.DecodeFiles(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	s := &Source{}
	for i, each := range listed {
		key, ok := strings.CutPrefix(each.DataFileKey, path.Dir(summary.ManifestFilesS3Key)+"/")
		if !ok || !filepath.IsLocal(filepath.FromSlash(key)) {
			return nil, fmt.Errorf("%s, line %d: the file is not in the folder of the manifest", name, i+1)
		}
		data := filepath.Join(folder, filepath.FromSlash(key))
		info, err := os.Stat(data)
		if err != nil {
			return nil, fmt.Errorf("%s, line %d: %w: copy the whole folder", name, i+1, err)
		}
		s.files = append(s.files, file{path: data, name: data, form: form, items: each.ItemCount, md5: each.MD5Checksum})
		s.items += each.ItemCount
		s.size += info.Size()
	}
	if s.items != summary.ItemCount {
		return nil, fmt.Errorf("%s has %d items, %s says %d: copy the folder again", name, s.items, summaryName, summary.ItemCount)
	}
	return s, nil
}

// formOf returns the form of the lines that a manifest names. It refuses what is no complete set of items with their types.
func formOf(summary manifest.Summary, exportType string) (form, error) {
	switch {
	case exportType == incremental:
		return 0, errors.New("this is an incremental export. It has changes, not items: load a full export")
	case summary.Scan != nil && summary.Scan.Transform:
		return 0, errors.New("a transform has made these records, so they are not the table's items")
	}
	switch request.Format(summary.OutputFormat) {
	case request.FormatDynamoDBJSON:
		return wrapped, nil
	case request.FormatION:
		return ion, nil
	case request.FormatJSON:
		return 0, errors.New("these records are plain JSON, in which sets have become lists, and binary values texts. Load a run in DYNAMODB_JSON or ION. " +
			"To load these records as they are, pass them to standard input, decompressed: --load -")
	default:
		return 0, fmt.Errorf("outputFormat: got %q, want DYNAMODB_JSON or ION", summary.OutputFormat)
	}
}

// noSummary says which folders below a folder can be loaded.
func noSummary(folder string) error {
	found, _ := filepath.Glob(filepath.Join(folder, "AWSDynamoDB", "*", summaryName))
	deeper, _ := filepath.Glob(filepath.Join(folder, "*", summaryName))
	found = append(found, deeper...)
	if len(found) == 0 {
		return fmt.Errorf("%s has no %s: give the folder of a complete run, or of a native export, or one file", folder, summaryName)
	}
	return fmt.Errorf("%s has no %s: give one of the folders in it, such as %s", folder, summaryName, filepath.Dir(found[len(found)-1]))
}
