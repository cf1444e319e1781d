package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// serverHandshaker lets multiplexed and plain gRPC clients share one port. It
// looks at the first bytes of each connection, after the TLS handshake of the
// credentials it wraps.
type serverHandshaker struct {
	credentials.TransportCredentials
	settings sessionSettings
	registry *registry
}

func (h *serverHandshaker) ServerHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	conn, auth, err := h.TransportCredentials.ServerHandshake(raw)
	if err != nil {
		return nil, nil, err
	}
	head, err := readHead(conn)
	if err != nil {
		return nil, nil, fmt.Errorf("read the first bytes: %w", err)
	}
	if string(head) != magic {
		return &replayConn{Conn: conn, reader: io.MultiReader(bytes.NewReader(head), conn)}, auth, nil
	}
	return h.multiplex(conn, auth)
}

// readHead reads as many bytes as the magic has. A connection that ends earlier
// is not an error here: it cannot be multiplexed, and what is wrong with it is
// for gRPC to say.
func readHead(conn net.Conn) ([]byte, error) {
	head := make([]byte, len(magic))
	n, err := io.ReadFull(conn, head)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return head[:n], err
}

// multiplex accepts exactly one stream, which carries the peer's own gRPC calls.
// There is no deadline to set: gRPC has put one on the raw connection, and lifts
// it after the handshake.
func (h *serverHandshaker) multiplex(conn net.Conn, auth credentials.AuthInfo) (net.Conn, credentials.AuthInfo, error) {
	session, err := newServerSession(conn, h.settings)
	if err != nil {
		return nil, nil, fmt.Errorf("start yamux: %w", err)
	}
	stream, err := session.Accept()
	if err != nil {
		session.Close()
		return nil, nil, fmt.Errorf("accept the peer's stream: %w", err)
	}
	back, err := dialBack(session, conn.RemoteAddr())
	if err != nil {
		session.Close()
		return nil, nil, fmt.Errorf("dial back: %w", err)
	}

	id := h.registry.add(back)
	hangUp := sync.OnceValue(func() error {
		h.registry.remove(id)
		return errors.Join(back.Close(), session.Close())
	})
	return &sessionConn{Conn: stream, close: hangUp}, multiplexedAuth{AuthInfo: auth, id: id}, nil
}

// dialBack returns a client of the peer at the other end of the session. Where
// Gitaly's connects at once it does so too, and stream 2 exists even if the peer
// is never called. The target is Gitaly's as well: it becomes the :authority of
// the calls, which grpc-go before 1.55 sends as it is, slash and all.
func dialBack(session muxSession, peer net.Addr) (*grpc.ClientConn, error) {
	back, err := newClient("multiplexed/"+peer.String(), append(callOptions(),
		// The session is already inside TLS, if there is any.
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			return session.Open(ctx)
		}),
	)...)
	if err != nil {
		return nil, err
	}
	if dialsBackAtOnce {
		connectNow(back)
	}
	return back, nil
}

func (h *serverHandshaker) Clone() credentials.TransportCredentials {
	clone := *h
	clone.TransportCredentials = h.TransportCredentials.Clone()
	return &clone
}

// replayConn gives a plain gRPC connection the bytes back that were read ahead.
type replayConn struct {
	net.Conn
	reader io.Reader
}

func (c *replayConn) Read(p []byte) (int, error) { return c.reader.Read(p) }
