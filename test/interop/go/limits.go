package main

import "google.golang.org/grpc"

// maxMessage leaves room for the payload scenarios, whose messages are well
// above gRPC's default of 4 MiB.
const maxMessage = 64 << 20

func callOptions() []grpc.DialOption {
	return append(withoutIdleMode(), grpc.WithDefaultCallOptions(
		grpc.MaxCallRecvMsgSize(maxMessage),
		grpc.MaxCallSendMsgSize(maxMessage),
	))
}

func serveOptions() []grpc.ServerOption {
	return append(officialServerOptions(),
		grpc.MaxRecvMsgSize(maxMessage),
		grpc.MaxSendMsgSize(maxMessage),
	)
}
