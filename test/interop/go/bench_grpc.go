//go:build !grpc138

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"nestjs-backchannel/interop/pb"
)

const (
	// waitForPeers bounds the wait for those who shall be called back.
	waitForPeers = 10 * time.Second
	// firstSize is the size of the first message on a connection.
	firstSize = 64
)

// grpcEnd is an end of go-plain or go-backchannel. Any end can be told to listen
// and to connect.
type grpcEnd struct {
	multiplexed bool
	callsBack   bool      // on the connections of others, not on its own
	registry    *registry // of those who connected, if multiplexed
	connections []*grpc.ClientConn
}

func newGRPCEnd(multiplexed, listening bool) *grpcEnd {
	return &grpcEnd{multiplexed: multiplexed, callsBack: multiplexed && listening, registry: newRegistry()}
}

func (e *grpcEnd) orders() orders {
	return orders{
		"listen":      e.listen,
		"connect":     e.connect,
		"disconnect":  e.disconnect,
		"unary":       e.unary,      // in bench_calls.go
		"stream":      e.stream,     // in bench_stream.go
		"first-reply": e.firstReply, // in bench_first_reply.go
	}
}

// listen serves until the process ends.
func (e *grpcEnd) listen(context.Context, order) (result, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := newBenchServer()
	if e.multiplexed {
		server = newBenchListeningServer(&serverHandshaker{
			TransportCredentials: insecure.NewCredentials(),
			settings:             gitalyListener.quiet(),
			registry:             e.registry,
		})
	}
	go server.Serve(listener)
	return result{"address": listener.Addr().String()}, nil
}

// dial makes a connection. As usual with gRPC it is set up with the first call.
func (e *grpcEnd) dial(address string) (*grpc.ClientConn, error) {
	creds := credentials.TransportCredentials(insecure.NewCredentials())
	if e.multiplexed {
		creds = &clientHandshaker{
			TransportCredentials: creds,
			settings:             gitalyDialer.quiet(),
			newServer:            newBenchServer,
		}
	}
	return grpc.NewClient("passthrough:///"+address, append(callOptions(), grpc.WithTransportCredentials(creds))...)
}

func (e *grpcEnd) connect(ctx context.Context, o order) (result, error) {
	for len(e.connections) < o.Peers {
		conn, err := e.dial(o.Address)
		if err != nil {
			return nil, err
		}
		if err := e.firstCall(ctx, conn); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
		e.connections = append(e.connections, conn)
	}
	return result{"peers": len(e.connections)}, nil
}

// firstCall sets a connection up, in both directions if it has a backchannel.
func (e *grpcEnd) firstCall(ctx context.Context, conn *grpc.ClientConn) error {
	client := pb.NewPayloadClient(conn)
	call := client.Echo
	if e.multiplexed {
		call = client.EchoThroughPeer
	}
	sent := &pb.Blob{Data: pattern(0, firstSize)}
	got, err := call(ctx, sent)
	return checkEcho(sent, got, err)
}

func (e *grpcEnd) disconnect(context.Context, order) (result, error) {
	var errs []error
	for _, conn := range e.connections {
		errs = append(errs, conn.Close())
	}
	e.connections = nil
	return result{}, errors.Join(errs...)
}

// callers returns clients of n connections that this end can make calls on.
func (e *grpcEnd) callers(ctx context.Context, n int) ([]pb.PayloadClient, error) {
	connections, err := e.usable(ctx, n)
	if err != nil {
		return nil, err
	}
	var callers []pb.PayloadClient
	for _, conn := range connections {
		callers = append(callers, pb.NewPayloadClient(conn))
	}
	return callers, nil
}

func (e *grpcEnd) usable(ctx context.Context, n int) ([]*grpc.ClientConn, error) {
	if e.callsBack {
		ctx, cancel := context.WithTimeout(ctx, waitForPeers)
		defer cancel()
		return e.registry.newest(ctx, n)
	}
	if len(e.connections) < n {
		return nil, fmt.Errorf("have %d connections, want %d", len(e.connections), n)
	}
	return e.connections[:n], nil
}
