package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
)

// errNotMultiplexed answers a call that needs its caller's backchannel but came
// over a plain gRPC connection.
var errNotMultiplexed = status.Error(codes.FailedPrecondition, "connection is not multiplexed")

// peerID tells the multiplexed connections of one listening side apart.
type peerID uint64

// registry knows, on the listening side, how to call back each peer.
type registry struct {
	mu     sync.Mutex
	lastID peerID
	peers  map[peerID]*grpc.ClientConn
	added  chan struct{} // closed, and replaced, when a peer comes
}

func newRegistry() *registry {
	return &registry{peers: map[peerID]*grpc.ClientConn{}, added: make(chan struct{})}
}

// add never gives an id twice, so that a call that outlives its connection
// cannot reach whoever connected next.
func (r *registry) add(back *grpc.ClientConn) peerID {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lastID++
	r.peers[r.lastID] = back
	close(r.added)
	r.added = make(chan struct{})
	return r.lastID
}

func (r *registry) remove(id peerID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.peers, id)
}

// caller returns the backchannel of the peer whose call is being handled.
func (r *registry) caller(ctx context.Context) (*grpc.ClientConn, error) {
	id, ok := callerID(ctx)
	if !ok {
		return nil, errNotMultiplexed
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	back, ok := r.peers[id]
	if !ok {
		return nil, status.Errorf(codes.Unavailable, "peer %d has gone", id)
	}
	return back, nil
}

// newest waits until there are n peers, and returns the backchannels of those
// that came last: the end of an earlier one may still go unnoticed.
func (r *registry) newest(ctx context.Context, n int) ([]*grpc.ClientConn, error) {
	for {
		backs, added := r.inOrder()
		if len(backs) >= n {
			return backs[len(backs)-n:], nil
		}
		select {
		case <-added:
		case <-ctx.Done():
			return nil, fmt.Errorf("have %d peers, want %d: %w", len(backs), n, context.Cause(ctx))
		}
	}
}

// inOrder returns the backchannels in the order they came in, and what will be
// closed when there is one more.
func (r *registry) inOrder() ([]*grpc.ClientConn, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var backs []*grpc.ClientConn
	for _, id := range slices.Sorted(maps.Keys(r.peers)) {
		backs = append(backs, r.peers[id])
	}
	return backs, r.added
}

// multiplexedAuth carries the peer's id from the handshake to the handlers:
// AuthInfo is the one thing that gRPC passes on from a connection to its calls.
type multiplexedAuth struct {
	credentials.AuthInfo
	id peerID
}

func callerID(ctx context.Context) (peerID, bool) {
	caller, ok := peer.FromContext(ctx)
	if !ok {
		return 0, false
	}
	auth, ok := caller.AuthInfo.(multiplexedAuth)
	return auth.id, ok
}
