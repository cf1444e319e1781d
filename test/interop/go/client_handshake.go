package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/yamux"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// clientHandshaker turns the connection of a ClientConn into a session: the
// ClientConn gets stream 1, and every stream that the listening side opens is
// served by a gRPC server.
type clientHandshaker struct {
	credentials.TransportCredentials
	settings  sessionSettings
	newServer func() *grpc.Server // called per connection, as a server ends with it
}

func (h *clientHandshaker) ClientHandshake(ctx context.Context, authority string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	conn, auth, err := h.TransportCredentials.ClientHandshake(ctx, authority, raw)
	if err != nil {
		return nil, nil, err
	}
	// The deadline must be gone before gRPC uses the connection for good.
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return nil, nil, fmt.Errorf("set the handshake's deadline: %w", err)
		}
	}
	multiplexed, err := h.multiplex(conn)
	if err != nil {
		return nil, nil, err
	}
	if err := conn.SetDeadline(time.Time{}); err != nil {
		multiplexed.Close()
		return nil, nil, fmt.Errorf("lift the handshake's deadline: %w", err)
	}
	return multiplexed, auth, nil
}

func (h *clientHandshaker) multiplex(conn net.Conn) (net.Conn, error) {
	// No answer comes: the listening side says nothing until gRPC does.
	if _, err := io.WriteString(conn, magic); err != nil {
		return nil, fmt.Errorf("send the magic: %w", err)
	}
	session, err := yamux.Client(conn, h.settings.yamuxConfig())
	if err != nil {
		return nil, fmt.Errorf("start yamux: %w", err)
	}
	// First of all, so that it is stream 1: the listening side takes the first
	// stream it sees for the forward calls.
	stream, err := session.Open()
	if err != nil {
		session.Close()
		return nil, fmt.Errorf("open the first stream: %w", err)
	}

	server := h.newServer()
	served := make(chan struct{})
	go func() {
		defer close(served)
		// The session is a net.Listener. Serve's error only says how the session
		// ended, which the forward calls notice as well.
		_ = server.Serve(session)
	}()

	hangUp := sync.OnceValue(func() error {
		server.Stop()
		<-served
		return session.Close()
	})
	return &sessionConn{Conn: stream, close: hangUp}, nil
}

func (h *clientHandshaker) Clone() credentials.TransportCredentials {
	clone := *h
	clone.TransportCredentials = h.TransportCredentials.Clone()
	return &clone
}
