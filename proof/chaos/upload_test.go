package chaos_test

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/proof/chaos"
	"dynamodb-to-s3/proof/model"
)

// upload is an upload of a data object.
type upload struct {
	key   string
	parts map[string]bool // the numbers of those that are in S3
	// listed is what a list says of the upload; nil if no list names it.
	listed *run.Object
	schema uint8 // of the invocation that has begun it
	item   model.Item
}

// indexUpload keeps an upload that an invocation has begun.
func (t *translation) indexUpload(e chaos.Event, i *invocation, key string) error {
	data := dataKey.FindStringSubmatch(key)
	switch {
	case data != nil:
		i.try = data[3]
		t.segments[i.segment].draw(i.try)
	case strings.Contains(key, "/data/"):
		return errors.New("this is not the key of an object")
	}
	t.uploads[e.UploadID] = &upload{key: key, parts: map[string]bool{}, schema: i.schema}
	t.begun[key] = append(t.begun[key], e.UploadID)
	return nil
}

// identify finds the items of all uploads. A key can have several: if the answer to the start of an upload is lost, the SDK starts another
// one. The model's pages matter only if a list names the upload.
func (t *translation) identify() {
	for _, i := range t.invocations {
		for n := 0; i.list != nil && n < len(i.list.Objects); n++ {
			if u := t.uploads[i.list.Objects[n].UploadID]; u != nil {
				u.listed = &i.list.Objects[n]
				u.item = t.segments[i.segment].upload(i.list, i.list.FirstPart+n)
				u.item.Segment, u.item.Schema = uint8(i.segment), i.schema
			}
		}
	}
	for key, ids := range t.begun {
		data := dataKey.FindStringSubmatch(key)
		if data == nil {
			continue
		}
		segment, _ := strconv.Atoi(data[1]) // six digits
		segment = t.numberOf(segment, strings.Contains(key, stagingFolder))
		part, _ := strconv.Atoi(data[2]) // as above
		filled := slices.IndexFunc(ids, func(id string) bool { return t.uploads[id].listed != nil })
		for n, id := range ids {
			switch {
			case n == filled:
				continue
			case n < filled || filled < 0 && n < len(ids)-1:
				n++
			case filled < 0:
				n = 0
			}
			t.uploads[id].item = model.Item{Kind: model.Upload, Segment: uint8(segment), Number: uint8(part), Try: t.segments[segment].tries[data[3]], Twin: uint8(n), Schema: t.uploads[id].schema}
		}
	}
}

// upload adds the step of a request about an upload.
func (t *translation) upload(e chaos.Event, i *invocation, key string) error {
	id := e.UploadID + e.URL.Query().Get("uploadId")
	u := t.uploads[id]
	switch {
	case e.Method == http.MethodGet || e.Status >= http.StatusMultipleChoices || dataKey.FindStringSubmatch(key) == nil:
	case u == nil:
		return errors.New("no invocation has begun this upload")
	case e.UploadID != "":
		t.step(e, model.Opens, i, u.item)
	case e.Method == http.MethodPut:
		if u.parts[e.URL.Query().Get("partNumber")] {
			return nil
		}
		if u.parts[e.URL.Query().Get("partNumber")] = true; u.listed != nil && len(u.parts) == len(u.listed.Parts) {
			t.step(e, model.Writes, i, u.item)
		}
	case e.Method == http.MethodPost:
		object := u.item
		if object.Kind = model.Object; t.items[key] == object { // S3 says so again if the request is repeated
			return nil
		}
		t.items[key] = object
		t.step(e, model.Completes, i, u.item)
	case e.Method == http.MethodDelete:
		t.step(e, model.Aborts, i, u.item)
	}
	return nil
}
