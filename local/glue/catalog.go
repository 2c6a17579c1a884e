package glue

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// catalog holds the databases by their names.
type catalog map[string]*database

type database struct {
	Database types.Database
	Tables   map[string]*table
}

type table struct {
	Table      types.Table
	Partitions map[string]*types.Partition // by keyOf its values
}

// keyOf returns the key of a partition. Keys are in the order of the values.
func keyOf(values []string) string { return strings.Join(values, "\x00") }

// load reads the catalog from the file.
func (s *Server) load() error {
	s.catalog = catalog{}
	if s.file == "" {
		return nil
	}
	text, err := os.ReadFile(s.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &s.catalog); err != nil {
		return fmt.Errorf("%s is not a catalog of this server; delete it: %w", s.file, err)
	}
	return nil
}

// save replaces the file.
func (s *Server) save() error {
	if s.file == "" {
		return nil
	}
	text, err := json.Marshal(s.catalog)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(s.file), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(s.file+".new", text, 0o644); err != nil {
		return err
	}
	return os.Rename(s.file+".new", s.file)
}

// now is the time that goes into the catalog. Glue has whole seconds.
func now() *time.Time { return aws.Time(time.Now().UTC().Truncate(time.Second)) }

// fold returns a name as the catalog stores it: in lower case.
func fold(name *string) string { return strings.ToLower(aws.ToString(name)) }

func (s *Server) database(name *string) (*database, error) {
	if d := s.catalog[fold(name)]; d != nil {
		return d, nil
	}
	return nil, notFound("Database %s not found.", fold(name))
}

func (s *Server) table(databaseName, name *string) (*table, error) {
	d, err := s.database(databaseName)
	if err != nil {
		return nil, err
	}
	if t := d.Tables[fold(name)]; t != nil {
		return t, nil
	}
	return nil, notFound("Table %s not found.", fold(name))
}

// page returns the values that follow token in the order of their keys, at most limit, and the token of the next page. The last page has
// no token.
func page[V any](all map[string]V, token *string, limit int, wanted func(key string, value V) bool) (values []V, next *string, err error) {
	after, err := base64.StdEncoding.DecodeString(aws.ToString(token))
	if err != nil {
		return nil, nil, invalid("NextToken: got %q, want the NextToken of another answer", *token)
	}
	last := ""
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if key <= string(after) || !wanted(key, all[key]) {
			continue
		}
		if len(values) == limit {
			return values, aws.String(base64.StdEncoding.EncodeToString([]byte(last))), nil
		}
		values, last = append(values, all[key]), key
	}
	return values, nil, nil
}
