package main

import (
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"os"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// listenTLS are the TLS flags of the listening side.
type listenTLS struct{ cert, key, clientCA string }

func (t *listenTLS) addFlags(flags *flag.FlagSet) {
	flags.StringVar(&t.cert, "tls-cert", "", "certificate `file`; without it there is no TLS")
	flags.StringVar(&t.key, "tls-key", "", "key `file` of -tls-cert")
	flags.StringVar(&t.clientCA, "tls-client-ca", "", "demand client certificates issued by this CA `file`")
}

func (t *listenTLS) credentials() (credentials.TransportCredentials, error) {
	if t.cert == "" {
		return insecure.NewCredentials(), nil
	}
	config := &tls.Config{}
	if err := addCertificate(config, t.cert, t.key); err != nil {
		return nil, err
	}
	if t.clientCA != "" {
		pool, err := readPool(t.clientCA)
		if err != nil {
			return nil, err
		}
		config.ClientCAs = pool
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return credentials.NewTLS(config), nil
}

// dialTLS are the TLS flags of the dialing side.
type dialTLS struct{ ca, cert, key, serverName string }

func (t *dialTLS) addFlags(flags *flag.FlagSet) {
	flags.StringVar(&t.ca, "tls-ca", "", "CA `file` to trust; without it there is no TLS")
	flags.StringVar(&t.cert, "tls-cert", "", "client certificate `file`")
	flags.StringVar(&t.key, "tls-key", "", "key `file` of -tls-cert")
	flags.StringVar(&t.serverName, "server-name", "", "`name` to expect in the listening side's certificate, if not the host of -addr")
}

func (t *dialTLS) credentials() (credentials.TransportCredentials, error) {
	if t.ca == "" {
		return insecure.NewCredentials(), nil
	}
	pool, err := readPool(t.ca)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{RootCAs: pool, ServerName: t.serverName}
	if t.cert != "" {
		if err := addCertificate(config, t.cert, t.key); err != nil {
			return nil, err
		}
	}
	return credentials.NewTLS(config), nil
}

func addCertificate(config *tls.Config, certFile, keyFile string) error {
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return err
	}
	config.Certificates = []tls.Certificate{pair}
	return nil
}

func readPool(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: no certificate in it", file)
	}
	return pool, nil
}
