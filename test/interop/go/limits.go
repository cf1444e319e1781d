package main

import "google.golang.org/grpc"

// maxMessage leaves room for the payload scenarios, whose messages are well
// above gRPC's default of 4 MiB.
const maxMessage = 64 << 20

func callOptions() []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithDefaultCallOptions(
			grpc.MaxCallRecvMsgSize(maxMessage),
			grpc.MaxCallSendMsgSize(maxMessage),
		),
		// The gRPC of older Gitalys has no idle mode, in which a backchannel that is
		// not used for half an hour is hung up.
		grpc.WithIdleTimeout(0),
	}
}

func serveOptions() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.MaxRecvMsgSize(maxMessage),
		grpc.MaxSendMsgSize(maxMessage),
	}
}
