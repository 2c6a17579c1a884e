package chaos

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// toxics are Toxiproxy's settings for each network fault. Each fault has a proxy of its own, and only a request with the fault is sent
// through it, so that no other request has the fault.
var toxics = map[Fault]string{
	faultNetReset:     `{"type": "reset_peer", "stream": "downstream", "attributes": {"timeout": 0}}`,
	faultNetCutDown:   `{"type": "limit_data", "stream": "downstream", "attributes": {"bytes": 400}}`,
	faultNetCutUp:     `{"type": "limit_data", "stream": "upstream", "attributes": {"bytes": 300}}`,
	faultNetStall:     `{"type": "timeout", "stream": "downstream", "attributes": {"timeout": 60}}`,
	faultNetSilent:    `{"type": "timeout", "stream": "downstream", "attributes": {"timeout": 0}}`,
	faultNetSlow:      `{"type": "latency", "stream": "downstream", "attributes": {"latency": 40, "jitter": 20}}`,
	faultNetFragments: `{"type": "slicer", "stream": "downstream", "attributes": {"average_size": 500, "size_variation": 200, "delay": 10}}`,
}

// silentTimeout is how long a client waits for an answer that never comes, instead of a minute.
const silentTimeout = 80 * time.Millisecond

// network has the connections to one server.
type network struct {
	plain   *http.Client           // without faults
	toxic   map[Fault]*http.Client // with a fault
	proxies []*toxiproxy.Proxy
}

// newNetwork returns the connections to the server at an address. Every request goes there, whatever its host.
func newNetwork(address string) (*network, error) {
	n := &network{plain: &http.Client{Transport: transportTo(address, true)}, toxic: map[Fault]*http.Client{}}
	n.plain.CheckRedirect = noRedirect
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	for fault, toxic := range toxics {
		proxy := toxiproxy.NewProxy(server, string(fault), "127.0.0.1:0", address)
		if err := proxy.Start(); err != nil {
			n.stop()
			return nil, fmt.Errorf("start proxy: %w", err)
		}
		n.proxies = append(n.proxies, proxy)
		if _, err := proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
			n.stop()
			return nil, fmt.Errorf("%s: %w", fault, err)
		}
		through := &http.Client{Transport: transportTo(proxy.Listen, false), CheckRedirect: noRedirect}
		if fault == faultNetSilent {
			through.Timeout = silentTimeout
		}
		n.toxic[fault] = through
	}
	return n, nil
}

func (n *network) stop() {
	for _, proxy := range n.proxies {
		proxy.Stop()
	}
	n.plain.CloseIdleConnections()
}

// transportTo returns a transport that connects to one address only. A connection with a fault is used for one request (keep is false).
func transportTo(address string, keep bool) *http.Transport {
	return &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", address)
		},
		DisableKeepAlives: !keep, DisableCompression: true, MaxIdleConnsPerHost: 64, ExpectContinueTimeout: time.Second,
	}
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// hostOf returns the host and port of an endpoint.
func hostOf(endpoint string) string {
	parsed, err := url.Parse(endpoint)
	if err != nil {
		panic(fmt.Sprintf("internal error: %q is not an endpoint: %v", endpoint, err))
	}
	return parsed.Host
}
