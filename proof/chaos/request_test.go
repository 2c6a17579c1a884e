package chaos_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/proof/chaos"
	"dynamodb-to-s3/proof/model"
)

// request adds the step of a request to S3.
func (t *translation) request(e chaos.Event, i *invocation) error {
	key, query := keyOf(e), e.URL.Query()
	finalizes := i.function == contract.FunctionFinalize && (i.schema == 0 || !ofStaging(e)) // otherwise it removes what is staged
	switch {
	case puts(e) && e.Status == http.StatusOK:
		return t.write(e, i, key)
	case query.Has("uploads") && e.Method == http.MethodPost, query.Has("uploadId"):
		return t.upload(e, i, key)
	case e.Method == http.MethodPost && query.Has("delete") && e.Status == http.StatusOK:
		return t.remove(e, i)
	case e.Method == http.MethodGet && i.schema > 0 && dataKey.MatchString(key) && e.Status < http.StatusMultipleChoices:
		t.fetch(e, i, key)
	case e.Method != http.MethodGet || e.Status != http.StatusOK && e.Status != http.StatusNotFound:
	case strings.HasSuffix(key, claimKey) && i.function != contract.FunctionPlan:
		t.step(e, model.Asks, i)
	case strings.HasSuffix(key, commitKey) && finalizes: // it looks again, before it withdraws the run
		if i.kind != model.Finds {
			i.reads = nil
		}
		t.step(e, model.Finds, i)
	case query.Has("uploads") && finalizes:
		t.step(e, model.Uploads, i)
	case runFolder.MatchString(query.Get("prefix")) && finalizes:
		for _, kind := range []model.Kind{model.Compares, model.Finds, model.Merges} { // it lists the objects, the commit and the lists
			t.step(e, kind, i)
		}
	}
	return nil
}

// fetch adds the first read of a staged file by an invocation of convert.
func (t *translation) fetch(e chaos.Event, i *invocation, key string) {
	if i.fetched == nil {
		i.fetched = map[string]bool{}
	}
	if !i.fetched[key] {
		i.fetched[key] = true
		t.step(e, model.Fetches, i, t.items[key])
	}
}

// remove adds the removal of what the bucket has.
func (t *translation) remove(e chaos.Event, i *invocation) error {
	var asked struct {
		Object []struct{ Key string }
	}
	if err := xml.Unmarshal(e.Body, &asked); err != nil {
		return err
	}
	var items []model.Item
	for _, object := range asked.Object {
		if item, there := t.items[object.Key]; there {
			items = append(items, item)
		}
		t.removed = t.removed || i.schema > 0 && strings.Contains(object.Key, stagingFolder)
		delete(t.items, object.Key)
		delete(t.content, object.Key)
	}
	if len(items) > 0 {
		t.step(e, model.Sweeps, i, items...)
	}
	return nil
}

// write adds the write of an object, unless the bucket has it already.
func (t *translation) write(e chaos.Event, i *invocation, key string) error {
	if before, there := t.content[key]; there && bytes.Equal(before, e.Body) {
		return nil
	}
	t.content[key] = e.Body
	switch {
	case strings.HasSuffix(key, claimKey):
		t.step(e, model.Claims, i)
	case strings.HasSuffix(key, schemaKey):
		t.step(e, model.Decides, i)
		t.steps[len(t.steps)-1].Schema = t.schemas[run.Digest(json.RawMessage(e.Body))]
	case strings.HasSuffix(key, commitKey):
		t.step(e, model.Commits, i)
	case strings.HasSuffix(key, filesKey):
		return t.writeFiles(e, i)
	case listKey.MatchString(key):
		list := t.segments[i.segment].list(i.list)
		list.Segment, list.Schema = uint8(i.segment), i.schema
		t.items[key] = list
		t.step(e, model.Writes, i, t.items[key])
	}
	return nil
}

func (t *translation) writeFiles(e chaos.Event, i *invocation) error {
	files, err := manifest.DecodeFiles(e.Body)
	if err != nil {
		return err
	}
	var items []model.Item
	for _, file := range files {
		item, there := t.items[file.DataFileKey]
		if !there && i.schema == 0 && t.removed {
			continue
		}
		if !there {
			return fmt.Errorf("the bucket does not have %s", file.DataFileKey)
		}
		items = append(items, item)
	}
	t.step(e, model.Lists, i, items...)
	return nil
}
