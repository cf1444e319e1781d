//go:build !libp2p

package main

import (
	"context"
	"net"
	"time"

	"github.com/hashicorp/yamux"
)

// The listening side of Gitaly but for some months of 2026, see mux_libp2p.go.
const (
	listenerYamux = hashicorpYamux
	listenerPing  = time.Duration(0)
)

func newServerSession(conn net.Conn, settings sessionSettings) (muxSession, error) {
	config := settings.yamuxConfig()
	if settings.ping > 0 {
		config.EnableKeepAlive = true
		config.KeepAliveInterval = settings.ping
	}
	return asMuxSession(yamux.Server(conn, config))
}

func newClientSession(conn net.Conn, settings sessionSettings) (muxSession, error) {
	return asMuxSession(yamux.Client(conn, settings.yamuxConfig()))
}

type hashicorpSession struct{ *yamux.Session }

func asMuxSession(session *yamux.Session, err error) (muxSession, error) {
	return hashicorpSession{session}, err
}

// Open cannot be given up: this yamux takes no context.
func (s hashicorpSession) Open(context.Context) (net.Conn, error) { return s.Session.Open() }
