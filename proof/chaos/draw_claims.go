package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/fault"
	"dynamodb-to-s3/lambda/function"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// additions are members that the hand adds to a claim. With each of them, a run that believed the claim would lose items, read something
// else, or write elsewhere.
var additions = map[string]any{
	"output.plan.scan.request.FilterExpression":     "attribute_exists(nothing)",
	"output.plan.scan.request.ProjectionExpression": "orderId",
	"output.plan.scan.request.Segment":              1,
	"output.plan.scan.transform":                    "empty",
	"output.plan.scan.sourceRoleArn":                "arn:aws:iam::" + account + ":role/foreign",
	"output.plan.kmsKeyId":                          "foreign",
	"output.segments":                               []int{},
}

// decisive are the members of a claim that a run must not believe. It may take the others from the claim, if it commits exactly then.
var decisive = []string{
	"executionId", "requestDigest", "version", "output.plan.table", "output.plan.tableArn", "output.plan.tableId", "output.plan.bucket",
	"output.plan.root", "output.plan.runId", "output.plan.mode", "output.plan.kmsKeyId", "output.plan.scan.", "output.plan.parquet.", "output.segments",
}

// undecided are members of plan.scan that an honest claim can have otherwise than a plan that is made now.
var undecided = []string{"output.plan.scan.readUnitsPerSecond", "output.plan.scan.concurrency"}

// foreignExecution is an execution that does not exist.
const foreignExecution = "arn:aws:states:us-east-1:" + account + ":execution:dynamodb-to-s3:foreign"

// beforeRun lets the hand act before the run, if that is its moment: it writes a claim that the run's first execution could have written,
// except for one member.
func (h *hand) beforeRun(ctx context.Context) error {
	if h.at != beforeRun {
		return nil
	}
	if err := h.run.claim(ctx); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	did, err := h.changeClaim(ctx)
	if err == nil {
		h.remember(did, "hand")
	}
	return err
}

// claim lets the function plan claim the run for its first execution.
func (r *seedRun) claim(ctx context.Context) error {
	id, name := r.scenario.execution(0)
	source, destination := r.harness.source.Copy(), r.harness.direct.Copy()
	source.HTTPClient = r.harness.toTables.plain
	engine := function.New(source, destination, function.Options{Log: slog.New(slog.DiscardHandler), Account: account, Executions: &r.executions})
	_, err := engine.Handler(contract.FunctionPlan)(ctx, run.Marshal(run.PlanInput{
		Request: r.scenario.request(r.table.name, r.bucket), Execution: run.Execution{ID: id, Name: name, StartTime: began},
	}))
	return err
}

// changeClaim changes the claim.
func (h *hand) changeClaim(ctx context.Context) (deed, error) {
	key := h.run.layout().Claim()
	body, err := h.run.get(ctx, key)
	if err != nil {
		return deed{}, err
	}
	refused := []failure.Name{failure.RunNameTaken, failure.TableReplaced, failure.InvalidRequest}
	during := h.at != beforeRun
	if how := h.random.IntN(6); how == 0 && during {
		return deed{what: "removes the claim", fails: refused}, h.remove(ctx, key)
	} else if how == 1 {
		return deed{what: "damages the claim", fails: refused, certain: true}, h.put(ctx, key, body[:len(body)/2])
	}
	var claim map[string]any
	numbers := json.NewDecoder(bytes.NewReader(body))
	numbers.UseNumber()
	if err := numbers.Decode(&claim); err != nil {
		return deed{}, err
	}
	path := pick(h.random, leaves(claim, "")...)
	if during { // what runs has its plan, and looks only at the owner
		path = "executionId"
	}
	if !during && h.random.IntN(3) == 0 {
		path = pick(h.random, sortedKeys(additions)...)
		set(claim, path, additions[path])
	} else {
		change(claim, path)
	}
	certain := slices.ContainsFunc(decisive, func(start string) bool { return strings.HasPrefix(path, start) }) && !slices.Contains(undecided, path)
	return deed{what: "changes " + path + " of the claim", fails: refused, certain: certain}, h.put(ctx, key, run.Marshal(claim))
}

// leaves returns the paths of the members that are no objects, in order.
func leaves(of map[string]any, path string) (paths []string) {
	for _, name := range sortedKeys(of) {
		if inner, ok := of[name].(map[string]any); ok {
			paths = append(paths, leaves(inner, path+name+".")...)
		} else {
			paths = append(paths, path+name)
		}
	}
	return paths
}

// set sets the member at a path.
func set(of map[string]any, path string, value any) {
	name, rest, deeper := strings.Cut(path, ".")
	inner, ok := of[name].(map[string]any)
	if deeper && ok {
		set(inner, rest, value)
		return
	}
	of[name] = value
}

// change changes the value of the member at a path.
func change(of map[string]any, path string) {
	name, rest, deeper := strings.Cut(path, ".")
	if deeper {
		change(of[name].(map[string]any), rest)
		return
	}
	switch v := of[name].(type) {
	case string:
		if of[name] = v + "0"; strings.HasPrefix(v, "arn:aws:states") {
			of[name] = foreignExecution
		} else if strings.HasSuffix(v, "Z") && strings.Contains(v, "T") {
			of[name] = "2026-01-31T07:00:00Z"
		}
	case json.Number:
		if v == "0" {
			v = "" // 01 is no number
		}
		of[name] = json.Number(fmt.Sprint(v, "1"))
	case bool:
		of[name] = !v
	case []any:
		of[name] = v[:max(0, len(v)-1)]
		if len(v) == 0 {
			of[name] = []any{foreignExecution}
		}
	}
}

// put writes an object.
func (h *hand) put(ctx context.Context, key string, body []byte) error {
	_, err := h.run.harness.objects.PutObject(ctx, &s3.PutObjectInput{Bucket: &h.run.bucket, Key: &key, Body: bytes.NewReader(body)})
	return err
}

// create writes an object only if the key is free. created is false if the key has an object.
func (h *hand) create(ctx context.Context, key string, body []byte) (created bool, err error) {
	_, err = h.run.harness.objects.PutObject(ctx, &s3.PutObjectInput{Bucket: &h.run.bucket, Key: &key, Body: bytes.NewReader(body), IfNoneMatch: aws.String("*")})
	if fault.Code(err) == "PreconditionFailed" {
		return false, nil
	}
	return err == nil, err
}

func (h *hand) remove(ctx context.Context, key string) error {
	_, err := h.run.harness.objects.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &h.run.bucket, Key: &key})
	return err
}
