//go:build !grpc138

package main

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/interop"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
)

// officialTarget is what a case is run against.
type officialTarget struct {
	conn *grpc.ClientConn
	// redial makes one more connection to the same server; nil where only the
	// other end can make connections.
	redial func() (*grpc.ClientConn, error)
}

// officialCase is one of the interop cases of the gRPC project, see
// https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md.
// Those of grpc-go end the process when they fail, and say why on stderr.
type officialCase func(ctx context.Context, target officialTarget) error

var officialCases = map[string]officialCase{
	"empty_unary":                 withStub(interop.DoEmptyUnaryCall),
	"large_unary":                 withStub(interop.DoLargeUnaryCall),
	"client_streaming":            withStub(interop.DoClientStreaming),
	"server_streaming":            withStub(interop.DoServerStreaming),
	"ping_pong":                   withStub(interop.DoPingPong),
	"empty_stream":                withStub(interop.DoEmptyStream),
	"custom_metadata":             withStub(interop.DoCustomMetadata),
	"status_code_and_message":     withStub(interop.DoStatusCodeAndMessage),
	"special_status_message":      withStub(interop.DoSpecialStatusMessage),
	"cancel_after_begin":          withStub(interop.DoCancelAfterBegin),
	"cancel_after_first_response": withStub(interop.DoCancelAfterFirstResponse),
	"timeout_on_sleeping_server":  withStub(interop.DoTimeoutOnSleepingServer),
	"pick_first_unary":            pickFirstUnary,
	"unimplemented_method":        unimplementedMethod,
	"unimplemented_service":       unimplementedService,
	"rpc_soak":                    rpcSoak,
	"channel_soak":                channelSoak,
	"concurrent_large_unary":      concurrentLargeUnary,
	"client_compressed_unary":     clientCompressedUnary,     // in official_compression.go
	"client_compressed_streaming": clientCompressedStreaming, // in official_compression.go
}

// runOfficial runs the case of that name.
func runOfficial(ctx context.Context, name string, target officialTarget) (result, error) {
	run, ok := officialCases[name]
	if !ok {
		return nil, fmt.Errorf("unknown official case %q", name)
	}
	if err := run(ctx, target); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return result{"passed": name}, nil
}

func withStub(do func(context.Context, testgrpc.TestServiceClient, ...grpc.CallOption)) officialCase {
	return func(ctx context.Context, target officialTarget) error {
		do(ctx, testgrpc.NewTestServiceClient(target.conn))
		return nil
	}
}

func pickFirstUnary(ctx context.Context, target officialTarget) error {
	interop.DoPickFirstUnary(ctx, testgrpc.NewTestServiceClient(target.conn))
	return nil
}

func unimplementedMethod(ctx context.Context, target officialTarget) error {
	interop.DoUnimplementedMethod(ctx, target.conn)
	return nil
}

func unimplementedService(ctx context.Context, target officialTarget) error {
	interop.DoUnimplementedService(ctx, testgrpc.NewUnimplementedServiceClient(target.conn))
	return nil
}

// concurrentCalls are a fraction of what the description of concurrent_large_unary
// wants (1000), which is a draft that grpc-go does not implement: more would only
// take time.
const concurrentCalls = 50

func concurrentLargeUnary(ctx context.Context, target officialTarget) error {
	return inParallel(concurrentCalls, func(int) error {
		interop.DoLargeUnaryCall(ctx, testgrpc.NewTestServiceClient(target.conn))
		return nil
	})
}

// soak has the defaults of grpc-go's client, except that it is not about speed.
func soak(ctx context.Context, channel func() (*grpc.ClientConn, func())) {
	interop.DoSoakTest(ctx, interop.SoakTestConfig{
		RequestSize:                      271828,
		ResponseSize:                     314159,
		PerIterationMaxAcceptableLatency: time.Minute,
		OverallTimeout:                   time.Minute,
		NumWorkers:                       1,
		Iterations:                       10,
		ChannelForTest:                   channel,
	})
}

func rpcSoak(ctx context.Context, target officialTarget) error {
	soak(ctx, func() (*grpc.ClientConn, func()) { return target.conn, func() {} })
	return nil
}

func channelSoak(ctx context.Context, target officialTarget) error {
	if target.redial == nil {
		return fmt.Errorf("a listening side cannot make connections")
	}
	var failure error
	soak(ctx, func() (*grpc.ClientConn, func()) {
		conn, err := target.redial()
		if err != nil {
			failure = err
			return target.conn, func() {}
		}
		return conn, func() { _ = conn.Close() }
	})
	return failure
}
