package chaos

import (
	"bytes"
	"context"
	"strings"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/failure"
)

// addObject adds an object to the run's folder before finalize has looked at it.
func (h *hand) addObject(ctx context.Context) (deed, error) {
	plan, err := h.plan(ctx)
	if err != nil {
		return deed{}, err
	}
	layout, extension := plan.Layout(), plan.Scan.Extension()
	own := layout.Data(plan.Scan.Segments()[0], 0, foreignTry, extension)
	switch h.random.IntN(4) {
	case 0: // the run's form
		return deed{what: "adds " + own, swept: []string{own}}, h.put(ctx, own, []byte("{}\n"))
	case 1: // the key of an upload that is open
		open, err := h.openUploads(ctx)
		if err != nil || len(open) == 0 {
			return deed{}, err
		}
		key := pick(h.random, open...).key
		return deed{what: "adds an object at the key of an open upload: " + key}, h.put(ctx, key, []byte("{}\n"))
	case 2:
		key := layout.ManifestSummary()
		certain := h.run.alone(nil, contract.FunctionFinalize) || h.at == atFinalize
		return deed{what: "adds the commit of another run", fails: []failure.Name{failure.ListsInconsistent, failure.RunNameTaken}, certain: certain, commit: key},
			h.put(ctx, key, []byte(`{"scan":{"runId":"another"}}`))
	default:
		key := pick(h.random,
			layout.DataPrefix()+"notes.txt", layout.DataPrefix()+"more/"+own[strings.LastIndex(own, "/")+1:], own+".bak",
			layout.Data(999_999, 0, foreignTry, extension), layout.Data(0, 0, "FEEDFACE", extension), layout.DataPrefix()+"000000-000000"+extension)
		return deed{what: "adds " + key, kept: []string{key}}, h.put(ctx, key, []byte("{}\n"))
	}
}

// changeObject kills a finalize that has completed all uploads, and removes or overwrites one of the objects. The next finalize must see
// that.
func (h *hand) changeObject(ctx context.Context) (deed, error) {
	chained, lists, err := h.chain(ctx)
	if err != nil {
		return deed{}, err
	}
	var keys []string
	for _, key := range chained {
		for _, o := range lists[key].Objects {
			keys = append(keys, o.Key)
		}
	}
	if len(keys) == 0 {
		return deed{}, nil
	}
	key := pick(h.random, keys...)
	body, err := h.run.get(ctx, key)
	if err != nil {
		return deed{}, err
	}
	did := deed{fails: []failure.Name{failure.ListsInconsistent, failure.UploadGone}, certain: true, mended: true, kills: true}
	switch h.random.IntN(3) {
	case 0:
		did.what = "removes " + key
		return did, h.remove(ctx, key)
	case 1:
		did.what, body = "lengthens "+key, append(body, '\n')
	default:
		did.what, body = "overwrites "+key, bytes.Repeat([]byte{' '}, len(body))
	}
	return did, h.put(ctx, key, body)
}
