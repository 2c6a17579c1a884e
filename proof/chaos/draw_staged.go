package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"
)

// changeStaged changes or removes an object that the first pass has left for the second one, or the last schema, which must change nothing.
func (h *hand) changeStaged(ctx context.Context) (deed, error) {
	plan, err := h.run.plan(ctx)
	if err != nil {
		return deed{}, err
	}
	layout, data, files := plan.Final(), plan.Layout().DataPrefix(), plan.Layout().ManifestFiles()
	kinds := []string{"a staged file", "the last schema", "the manifest", "the files of the manifest", "the end of a segment", "another schema"}
	if plan.Export != nil { // DynamoDB has made the files, and no redrive can make them again
		kinds = []string{"a staged file", "the files of the manifest", "the last schema", "another schema"}
		if data, files, err = h.exported(ctx, layout); err != nil {
			return deed{}, err
		}
	}
	if h.at == atConvert {
		kinds = []string{"a staged file", "a staged file", "a share", "a share", "the schema", "the last schema"}
	}
	did := deed{fails: []failure.Name{failure.ListsInconsistent}}
	if h.at == atColumns { // nothing is converted yet
		did.certain = h.run.alone(nil, contract.FunctionConvert)
	}
	switch kind := pick(h.random, kinds...); kind {
	case "the last schema":
		key := plan.Parquet.LastSchema
		return deed{what: "writes " + kind}, h.put(ctx, key, []byte(pick(h.random, `{"version":`, `{"version":1,"table":"another","columns":[]}`, ``)))
	case "another schema":
		own := run.Schema{Version: run.Version, RunID: "another", Table: plan.Table, StartTime: plan.StartTime, Columns: json.RawMessage(`{"columns":[]}`), Segments: 1}
		created, err := h.create(ctx, layout.Schema(), run.Marshal(own))
		if !created {
			return deed{}, err
		}
		did.what = "writes the schema of another run"
		return did, nil
	case "a staged file":
		return h.spoil(ctx, did, data, false)
	case "a share":
		return h.spoil(ctx, did, layout.SegmentFiles(0)[:strings.LastIndexByte(layout.SegmentFiles(0), '/')+1], true)
	case "the manifest": // an execution that starts again commits the first pass again
		did.mended = true
		return h.spoil(ctx, did, plan.Layout().ManifestSummary(), false)
	case "the files of the manifest":
		return h.spoil(ctx, did, files, false)
	case "the end of a segment":
		did.mended = true // an execution that starts again scans the segment again
		return h.spoil(ctx, did, plan.Layout().SegmentEnd(pick(h.random, plan.Scan.Segments()...)), false)
	default: // an execution that starts again decides the same schema again
		did.mended = true
		return h.spoil(ctx, did, layout.Schema(), false)
	}
}

// exported returns the start of the keys of the files of a native export, and the key of its manifest that lists them.
func (h *hand) exported(ctx context.Context, layout run.Layout) (data, files string, err error) {
	keys, err := h.run.keys(ctx)
	for _, key := range keys {
		if folder, found := strings.CutSuffix(key, "/manifest-files.json"); found && strings.HasPrefix(key, layout.StagingPrefix()) {
			return folder + "/data/", key, err
		}
	}
	return "", "", errors.Join(err, errors.New("the first pass has no manifest of an export"))
}

// spoil removes or damages an object with a prefix. If lines is set, the object is a list of files, and spoil can also add or remove a line.
func (h *hand) spoil(ctx context.Context, did deed, prefix string, lines bool) (deed, error) {
	keys, err := h.run.keys(ctx)
	if err != nil {
		return deed{}, err
	}
	var those []string
	for _, key := range keys {
		if strings.HasPrefix(key, prefix) {
			those = append(those, key)
		}
	}
	if len(those) == 0 {
		return deed{}, nil
	}
	key := pick(h.random, those...)
	body, err := h.run.get(ctx, key)
	if err != nil {
		return deed{}, err
	}
	first, _, _ := strings.Cut(string(body), "\n")
	switch how := h.random.IntN(4); {
	case how == 0:
		did.what = "removes " + key
		return did, h.remove(ctx, key)
	case how == 1 && lines && first != "":
		did.what, body = "repeats a line of "+key, append(body, first+"\n"...)
	case how == 2 && lines && first != "":
		did.what, body = "removes a line of "+key, body[len(first)+1:]
	default:
		did.what, body = fmt.Sprintf("cuts %s in half", key), body[:len(body)/2]
	}
	return did, h.put(ctx, key, body)
}
