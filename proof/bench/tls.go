package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"time"
)

// keySize is that of the certificates of DynamoDB and S3, in bits.
const keySize = 2048

// authority signs the certificate of the servers. A process that measures trusts only this authority.
type authority struct {
	pem    string
	server tls.Certificate
}

// newAuthority makes an authority and a certificate for 127.0.0.1, both with new keys.
func newAuthority() (authority, error) {
	rootKey, err := rsa.GenerateKey(rand.Reader, keySize)
	if err != nil {
		return authority{}, err
	}
	serverKey, err := rsa.GenerateKey(rand.Reader, keySize)
	if err != nil {
		return authority{}, err
	}
	root := x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bench"}, NotBefore: time.Now(), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	server := x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "127.0.0.1"}, NotBefore: root.NotBefore, NotAfter: root.NotAfter,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	rootBytes, err := x509.CreateCertificate(rand.Reader, &root, &root, &rootKey.PublicKey, rootKey)
	if err != nil {
		return authority{}, err
	}
	serverBytes, err := x509.CreateCertificate(rand.Reader, &server, &root, &serverKey.PublicKey, rootKey)
	if err != nil {
		return authority{}, err
	}
	return authority{
		pem:    string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rootBytes})),
		server: tls.Certificate{Certificate: [][]byte{serverBytes}, PrivateKey: serverKey},
	}, nil
}

// serve serves at a free port until stop is called: over TLS with the certificate of an authority, or without TLS if that is nil.
// DynamoDB and S3 speak HTTP/1.1, so this server does, too.
func serve(h http.Handler, a *authority) (url string, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it ends with stop
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute, Protocols: new(http.Protocols)}
	server.Protocols.SetHTTP1(true)
	stop = func() { _ = server.Close() }
	if a == nil {
		go func() { _ = server.Serve(listener) }() // ErrServerClosed
		return "http://" + listener.Addr().String(), stop, nil
	}
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{a.server}, MinVersion: tls.VersionTLS12}
	go func() { _ = server.ServeTLS(listener, "", "") }() // ErrServerClosed
	return "https://" + listener.Addr().String(), stop, nil
}
