//go:build !grpc138

package main

import (
	"context"
	"errors"
	"net"

	"github.com/hashicorp/yamux"
)

// benchYamux are the settings of both ends of go-yamux.
var benchYamux = sessionSettings{Window: 16 << 20, Backlog: 256}.quiet()

// yamuxEnd is an end of go-yamux: sessions and streams, without magic and gRPC.
type yamuxEnd struct{ sessions []*yamux.Session }

func (e *yamuxEnd) orders() orders {
	return orders{
		"listen":     e.listen,
		"connect":    e.connect,
		"disconnect": e.disconnect,
		"pump":       e.pump, // in bench_pump.go
	}
}

// listen takes in what is pumped, until the process ends.
func (e *yamuxEnd) listen(context.Context, order) (result, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go acceptStreams(conn)
		}
	}()
	return result{"address": listener.Addr().String()}, nil
}

func acceptStreams(conn net.Conn) {
	session, err := yamux.Server(conn, benchYamux.yamuxConfig())
	if err != nil {
		conn.Close()
		return
	}
	defer session.Close()
	for {
		stream, err := session.AcceptStream()
		if err != nil {
			return
		}
		go takeIn(stream) // in bench_pump.go
	}
}

func (e *yamuxEnd) connect(ctx context.Context, o order) (result, error) {
	for len(e.sessions) < o.Peers {
		session, err := dialYamux(ctx, o.Address)
		if err != nil {
			return nil, err
		}
		e.sessions = append(e.sessions, session)
	}
	return result{"peers": len(e.sessions)}, nil
}

// dialYamux returns a session that the other end has accepted.
func dialYamux(ctx context.Context, address string) (*yamux.Session, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	session, err := yamux.Client(conn, benchYamux.yamuxConfig())
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	if _, err := session.Ping(); err != nil {
		return nil, errors.Join(err, session.Close())
	}
	return session, nil
}

func (e *yamuxEnd) disconnect(context.Context, order) (result, error) {
	var errs []error
	for _, session := range e.sessions {
		errs = append(errs, session.Close())
	}
	e.sessions = nil
	return result{}, errors.Join(errs...)
}
