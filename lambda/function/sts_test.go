package function_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/function"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// The accounts of the tests: the functions' account, and the account of the table, the bucket and their roles.
const (
	functionsAccount = "111122223333"
	reader           = "arn:aws:iam::" + account + ":role/team/reader"
	writer           = "arn:aws:iam::" + account + ":role/writer"
)

// securityTokens is STS: it answers AssumeRole in its query protocol. Session n of the reader, from 1, has the key reader-<n> and a
// token. Sessions of the writer have the one key that the tests' S3 server knows, and no token, because that server knows none.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
type securityTokens struct {
	URL string
	// lasts is how long the n-th session of a role lasts; nil means an hour.
	lasts func(role string, n int) time.Duration
	// refuses returns the status and the code for the n-th request for a role; 0 means success.
	refuses func(role string, n int) (status int, code string)

	writes aws.Credentials

	mu      sync.Mutex
	asked   []url.Values
	askedBy []signature
}

func startSTS(t *testing.T) *securityTokens {
	t.Helper()
	s := &securityTokens{}
	_, destination := testservers.Configs()
	var err error
	if s.writes, err = destination.Credentials.Retrieve(t.Context()); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(2 * time.Millisecond) // the SDK drops a connection that answers before the whole request is sent
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		status, body := s.answer(r.PostForm, signedBy(r))
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // the SDK reports an incomplete answer
	}))
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

func (s *securityTokens) answer(form url.Values, by signature) (status int, body string) {
	role := form.Get("RoleArn")
	s.mu.Lock()
	s.asked, s.askedBy = append(s.asked, form), append(s.askedBy, by)
	s.mu.Unlock()
	n, lasts := len(s.of(role)), time.Hour
	if s.refuses != nil {
		if status, code := s.refuses(role, n); status != 0 {
			return status, fmt.Sprintf("<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>no way</Message></Error><RequestId>1</RequestId></ErrorResponse>", code)
		}
	}
	if s.lasts != nil {
		lasts = s.lasts(role, n)
	}
	session := s.writes
	if role == reader {
		session = aws.Credentials{AccessKeyID: fmt.Sprint("reader-", n), SecretAccessKey: "secret", SessionToken: fmt.Sprint("token-", n)}
	}
	return http.StatusOK, fmt.Sprintf(`<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
		<Credentials><AccessKeyId>%s</AccessKeyId><SecretAccessKey>%s</SecretAccessKey><SessionToken>%s</SessionToken><Expiration>%s</Expiration></Credentials>
		<AssumedRoleUser><Arn>arn:aws:sts::%s/%s</Arn><AssumedRoleId>AROA:%[6]s</AssumedRoleId></AssumedRoleUser>
		</AssumeRoleResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></AssumeRoleResponse>`,
		session.AccessKeyID, session.SecretAccessKey, session.SessionToken, time.Now().Add(lasts).UTC().Format(time.RFC3339),
		account+":assumed-role/"+role[strings.LastIndexByte(role, '/')+1:], form.Get("RoleSessionName"))
}

// of returns the requests for a role.
func (s *securityTokens) of(role string) []url.Values {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.asked), func(form url.Values) bool { return form.Get("RoleArn") != role })
}

// signature is the key, the token and the region in the signature of a request.
type signature struct{ key, token, region string }

var credential = regexp.MustCompile(`Credential=([^/]+)/[0-9]{8}/([^/]+)/`)

func signedBy(r *http.Request) signature {
	parts := credential.FindStringSubmatch(r.Header.Get("Authorization"))
	if parts == nil {
		return signature{}
	}
	return signature{key: parts[1], token: r.Header.Get("X-Amz-Security-Token"), region: parts[2]}
}

// recorder keeps the signatures of the requests that pass through it.
type recorder struct {
	aws.HTTPClient
	mu   sync.Mutex
	seen []signature
}

func (r *recorder) Do(request *http.Request) (*http.Response, error) {
	r.mu.Lock()
	r.seen = append(r.seen, signedBy(request))
	r.mu.Unlock()
	return r.HTTPClient.Do(request)
}

// signatures returns the different signatures in their order.
func (r *recorder) signatures() []signature {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []signature
	for _, one := range r.seen {
		if !slices.Contains(all, one) {
			all = append(all, one)
		}
	}
	return all
}

// visitor is functions of another account than the tables and buckets. Their own keys are not valid there.
type visitor struct {
	sts             *securityTokens
	tables, objects *recorder
	// process makes the engine of a new process.
	process func() *function.Engine
	// warm is the running engine.
	warm *function.Engine
}

func visit(t *testing.T, options function.Options) *visitor {
	t.Helper()
	v := &visitor{sts: startSTS(t)}
	source, destination := testservers.Configs()
	v.tables, v.objects = &recorder{HTTPClient: source.HTTPClient}, &recorder{HTTPClient: destination.HTTPClient}
	source.HTTPClient, destination.HTTPClient = v.tables, v.objects
	source.Credentials = credentials.NewStaticCredentialsProvider("FUNCTION", "secret", "")
	destination.Credentials = source.Credentials
	identity, err := awsclient.Config(t.Context(), config.WithRegion(source.Region), config.WithBaseEndpoint(v.sts.URL),
		config.WithCredentialsProvider(source.Credentials), config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }))
	if err != nil {
		t.Fatal(err)
	}
	options.Log, options.Identity = slog.New(slog.DiscardHandler), &identity
	if options.Account == "" {
		options.Account = functionsAccount
	}
	v.process = func() *function.Engine { return function.New(source, destination, options) }
	v.warm = v.process()
	return v
}

func (v *visitor) execution(t *testing.T, request string) execution {
	return execution{t: t, name: "run-1", request: request, warm: v.warm}
}
