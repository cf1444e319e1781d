//go:build libp2p

package main

import (
	"net"
	"time"

	"github.com/libp2p/go-yamux/v5"
)

// The listening side of Gitaly from March to May 2026. Its pings measure the round trip, by which
// the window grows; it does not end a session that leaves them unanswered.
const (
	listenerYamux = "github.com/libp2p/go-yamux/v5"
	listenerPing  = 30 * time.Second
)

func newServerSession(conn net.Conn, settings sessionSettings) (muxSession, error) {
	return yamux.Server(conn, settings.libp2pConfig(), nil)
}

func newClientSession(conn net.Conn, settings sessionSettings) (muxSession, error) {
	return yamux.Client(conn, settings.libp2pConfig(), nil)
}

func (s sessionSettings) libp2pConfig() *yamux.Config {
	config := yamux.DefaultConfig() // logs to stderr
	if s.log != nil {
		config.LogOutput = s.log
	}
	config.AcceptBacklog = int(s.Backlog)
	config.MaxStreamWindowSize = uint32(s.Window)
	config.EnableKeepAlive = false // gRPC has its own, and one layer is enough
	if s.ping > 0 {
		config.MeasureRTTInterval = s.ping
	}
	return config
}
