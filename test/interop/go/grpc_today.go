//go:build !grpc138

package main

import "google.golang.org/grpc"

// newClient makes a client of address, which the dialer of its options gets.
func newClient(address string, options ...grpc.DialOption) (*grpc.ClientConn, error) {
	return grpc.NewClient("passthrough:///"+address, options...)
}

func connectNow(client *grpc.ClientConn) { client.Connect() }

// withoutIdleMode keeps a backchannel that is not used for half an hour: the gRPC
// of older Gitalys has no idle mode.
func withoutIdleMode() []grpc.DialOption {
	return []grpc.DialOption{grpc.WithIdleTimeout(0)}
}

func officialServerOptions() []grpc.ServerOption {
	return []grpc.ServerOption{grpc.StatsHandler(compressionWatch{})}
}
