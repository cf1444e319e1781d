package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/hashicorp/yamux"
)

// magic is what a dialing side sends first, inside TLS if there is TLS, to say
// that yamux follows. A plain gRPC client starts with "PRI * HTTP/2.0" instead.
const magic = "backchannel"

const hashicorpYamux = "github.com/hashicorp/yamux"

// sessionSettings are the two yamux settings in which Gitaly's roles and
// releases differ.
type sessionSettings struct {
	Window  uint `json:"window"`  // receive window per stream, in bytes
	Backlog uint `json:"backlog"` // streams that may wait to be accepted by the other end

	ping time.Duration // how often the listening side pings, 0 for what its yamux does by itself
	log  io.Writer     // where yamux logs to, stderr if nil
}

var (
	// gitalyListener is what Gitaly's listening side has always used. In release
	// 18 the window begins with 256 KiB and may grow to this.
	gitalyListener = sessionSettings{Window: 16 << 20, Backlog: 1, ping: listenerPing}
	// gitalyDialer is what Praefect dials with since December 2022. Before that it
	// used the listener's settings.
	gitalyDialer = sessionSettings{Window: 256 << 10, Backlog: 256}
)

func (s *sessionSettings) addFlags(flags *flag.FlagSet) {
	flags.UintVar(&s.Window, "window", s.Window, "yamux receive window per stream, in `bytes`")
	flags.UintVar(&s.Backlog, "backlog", s.Backlog, "yamux accept backlog, in `streams`")
}

// quiet returns the same settings, but nothing is logged.
func (s sessionSettings) quiet() sessionSettings {
	s.log = io.Discard
	return s
}

// yamuxConfig is the config of hashicorp's yamux, on which the dialing side has
// always been. It sets only fields that the yamux of Gitaly 14 has as well,
// because this file is built against both (see go.gitaly14.mod).
func (s sessionSettings) yamuxConfig() *yamux.Config {
	config := yamux.DefaultConfig() // logs to stderr
	if s.log != nil {
		config.LogOutput = s.log
	}
	config.AcceptBacklog = int(s.Backlog)
	config.MaxStreamWindowSize = uint32(s.Window)
	config.EnableKeepAlive = false // gRPC has its own, and one layer is enough
	return config
}

func (s sessionSettings) check() error {
	if s.Window > 1<<32-1 {
		return fmt.Errorf("-window %d does not fit in 32 bits", s.Window)
	}
	return yamux.VerifyConfig(s.yamuxConfig())
}

// muxSession is what there is to do with a session of whichever yamux the
// listening side was built with: see mux_hashicorp.go and mux_libp2p.go.
type muxSession interface {
	Accept() (net.Conn, error)
	Open(context.Context) (net.Conn, error)
	Close() error
}

// sessionConn is stream 1 of a session as gRPC gets to see it. It stands for the
// whole connection: gRPC closes nothing else, so Close has to end the session
// and all that hangs on it.
type sessionConn struct {
	net.Conn
	close func() error
}

func (c *sessionConn) Close() error { return c.close() }
