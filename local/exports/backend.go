package exports

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"dynamodb-to-s3/lambda/awsclient"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// connections is how many idle connections to the backend are kept.
const connections = 64

// A backend is a client of the DynamoDB server. It does not use the SDK because the SDK decodes items, and the log keeps their bytes.
type backend struct {
	endpoint    *url.URL
	transport   *http.Transport
	region      string
	credentials aws.CredentialsProvider
	signer      *v4.Signer
}

func newBackend(cfg aws.Config) (*backend, error) {
	found := awsclient.DynamoDB(cfg).Options().BaseEndpoint // where the SDK finds it
	if found == nil || cfg.Credentials == nil {
		return nil, errors.New("the DynamoDB configuration needs an endpoint and credentials")
	}
	endpoint, err := url.Parse(*found)
	if err != nil {
		return nil, err
	}
	return &backend{
		endpoint: endpoint, region: cfg.Region, credentials: cfg.Credentials, signer: v4.NewSigner(),
		// Without compression, requests and answers pass unchanged.
		transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: connections},
	}, nil
}

// A response is a complete answer of the backend.
type response struct {
	status int
	header http.Header
	body   []byte
}

func (b *backend) send(request *http.Request) (response, error) {
	answer, err := b.transport.RoundTrip(request)
	if err != nil {
		return response{}, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return response{status: answer.StatusCode, header: answer.Header, body: body}, err
}

// forward sends a client's request to the backend.
func (b *backend) forward(ctx context.Context, r *http.Request, body []byte) (response, error) {
	request, err := http.NewRequestWithContext(ctx, r.Method, b.endpoint.String(), bytes.NewReader(body))
	if err != nil {
		return response{}, err
	}
	request.Header = r.Header.Clone()
	request.Header.Del("Connection")
	request.Host = r.Host // the client has signed it
	return b.send(request)
}

// call sends a request of this server to the backend. The error wraps an *apiError if the backend answers with one.
func (b *backend) call(ctx context.Context, operation string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, b.endpoint.String(), bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("X-Amz-Target", target+operation)
	account, err := b.credentials.Retrieve(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	hash := sha256.Sum256(body)
	if err := b.signer.SignHTTP(ctx, account, request, hex.EncodeToString(hash[:]), "dynamodb", b.region, time.Now()); err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	answer, err := b.send(request)
	if err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	if answer.status != http.StatusOK {
		return fmt.Errorf("%s: %w", operation, errorOf(answer))
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer.body, out); err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	return nil
}

func errorOf(answer response) *apiError {
	var refusal struct {
		Kind    string `json:"__type"`
		Message string `json:"message"`
	}
	if err := json.Unmarshal(answer.body, &refusal); err != nil || refusal.Kind == "" {
		return refuse("InternalServerError", "the backend answered with status %d", answer.status)
	}
	return &apiError{status: answer.status, kind: refusal.Kind, message: refusal.Message}
}

// A schema is the part of DescribeTable that matters here.
type schema struct {
	Name       string         `json:"TableName"`
	ARN        string         `json:"TableArn"`
	ID         string         `json:"TableId"`
	Status     string         `json:"TableStatus"`
	Keys       []keyAttribute `json:"KeySchema"`
	Attributes []attribute    `json:"AttributeDefinitions"`
}

type keyAttribute struct {
	Name string `json:"AttributeName"`
	Type string `json:"KeyType"`
}

type attribute struct {
	Name string `json:"AttributeName"`
	Type string `json:"AttributeType"`
}

// noSuchTable is the backend's error for a table that does not exist. The operations of recovery have another name for it.
const noSuchTable = "ResourceNotFoundException"

func (b *backend) describe(ctx context.Context, table string) (schema, error) {
	var out struct{ Table schema }
	err := b.call(ctx, "DescribeTable", map[string]string{"TableName": table}, &out)
	return out.Table, err
}

// read calls page with the items of each page of a Scan or Query.
func (b *backend) read(ctx context.Context, operation string, in map[string]any, page func(items []json.RawMessage) error) error {
	for {
		var out struct {
			Items            []json.RawMessage
			LastEvaluatedKey json.RawMessage
		}
		if err := b.call(ctx, operation, in, &out); err != nil {
			return err
		}
		if err := page(out.Items); err != nil {
			return err
		}
		if out.LastEvaluatedKey == nil {
			return nil
		}
		in["ExclusiveStartKey"] = out.LastEvaluatedKey
	}
}

// get returns the items with these keys, in any order, without the keys that have no item.
func (b *backend) get(ctx context.Context, table string, keys []json.RawMessage) ([]json.RawMessage, error) {
	const most = 100 // keys in one call
	var items []json.RawMessage
	for len(keys) > 0 {
		n := min(most, len(keys))
		in := map[string]any{"RequestItems": map[string]any{table: map[string]any{"Keys": keys[:n], "ConsistentRead": true}}}
		var out struct {
			Responses       map[string][]json.RawMessage
			UnprocessedKeys map[string]struct{ Keys []json.RawMessage }
		}
		if err := b.call(ctx, "BatchGetItem", in, &out); err != nil {
			return nil, err
		}
		items = append(items, out.Responses[table]...)
		keys = append(out.UnprocessedKeys[table].Keys, keys[n:]...)
	}
	return items, nil
}
