//go:build !grpc138

package main

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding/gzip"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"
)

// The cases about compression, which grpc-go's client leaves out.

// clientCompressedUnary wants the server to tell compressed requests from others.
func clientCompressedUnary(ctx context.Context, target officialTarget) error {
	client := testgrpc.NewTestServiceClient(target.conn)
	call := func(expected bool, options ...grpc.CallOption) error {
		reply, err := client.UnaryCall(ctx, &testgrpc.SimpleRequest{
			ExpectCompressed: &testgrpc.BoolValue{Value: expected},
			ResponseSize:     314159,
			Payload:          &testgrpc.Payload{Body: make([]byte, 271828)},
		}, options...)
		if err == nil && len(reply.GetPayload().GetBody()) != 314159 {
			return fmt.Errorf("got %d bytes", len(reply.GetPayload().GetBody()))
		}
		return err
	}

	if err := call(true); status.Code(err) != codes.InvalidArgument {
		return fmt.Errorf("the probe: got %v, want INVALID_ARGUMENT", err)
	}
	if err := call(true, grpc.UseCompressor(gzip.Name)); err != nil {
		return fmt.Errorf("compressed: %w", err)
	}
	if err := call(false); err != nil {
		return fmt.Errorf("uncompressed: %w", err)
	}
	return nil
}

// clientCompressedStreaming wants the same of the messages of one call.
func clientCompressedStreaming(ctx context.Context, target officialTarget) error {
	client := testgrpc.NewTestServiceClient(target.conn)
	request := func(expected bool, size int) *testgrpc.StreamingInputCallRequest {
		return &testgrpc.StreamingInputCallRequest{
			ExpectCompressed: &testgrpc.BoolValue{Value: expected},
			Payload:          &testgrpc.Payload{Body: make([]byte, size)},
		}
	}

	probe, err := client.StreamingInputCall(ctx)
	if err != nil {
		return err
	}
	if err := probe.Send(request(true, 27182)); err != nil {
		return err
	}
	if _, err := probe.CloseAndRecv(); status.Code(err) != codes.InvalidArgument {
		return fmt.Errorf("the probe: got %v, want INVALID_ARGUMENT", err)
	}

	call, err := client.StreamingInputCall(ctx, grpc.UseCompressor(gzip.Name))
	if err != nil {
		return err
	}
	if err := call.Send(request(true, 27182)); err != nil {
		return err
	}
	if err := sendUncompressed(call, probe, request(false, 45904)); err != nil {
		return err
	}
	reply, err := call.CloseAndRecv()
	if err != nil {
		return err
	}
	if reply.GetAggregatedPayloadSize() != 73086 {
		return fmt.Errorf("got an aggregated size of %d, want 73086", reply.GetAggregatedPayloadSize())
	}
	return nil
}

// sendUncompressed sends one message without compression on a stream that
// compresses: gRPC only knows how to prepare one for a stream that does not.
func sendUncompressed(stream, uncompressed grpc.Stream, message any) error {
	var prepared grpc.PreparedMsg
	if err := prepared.Encode(uncompressed, message); err != nil {
		return err
	}
	return stream.SendMsg(&prepared)
}
