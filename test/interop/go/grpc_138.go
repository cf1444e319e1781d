//go:build grpc138

package main

import (
	"context"
	"errors"

	"google.golang.org/grpc"
)

// What grpc-go 1.38 lacks, or has another name for. It is here for the protocol:
// the bench and the official cases are left to the newer ones.

var errNotWith138 = errors.New("not with grpc-go 1.38")

// newClient makes a client of address, which the dialer of its options gets. It
// connects at once.
func newClient(address string, options ...grpc.DialOption) (*grpc.ClientConn, error) {
	return grpc.Dial(address, options...)
}

func connectNow(*grpc.ClientConn) {}

func withoutIdleMode() []grpc.DialOption { return nil }

func officialServerOptions() []grpc.ServerOption { return nil }

func registerOfficialServer(*grpc.Server, string) {}

type officialTarget struct {
	conn   *grpc.ClientConn
	redial func() (*grpc.ClientConn, error)
}

func runOfficial(context.Context, string, officialTarget) (result, error) {
	return nil, errNotWith138
}

func runBench([]string) (result, error) { return nil, errNotWith138 }
