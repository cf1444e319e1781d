//go:build !grpc138

package main

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/interop"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
)

// officialServer is the interop server of grpc-go, with what that leaves out:
// compression, and to say who answers.
type officialServer struct {
	testgrpc.TestServiceServer
	id string
}

func registerOfficialServer(server *grpc.Server, name string) {
	testgrpc.RegisterTestServiceServer(server, &officialServer{
		TestServiceServer: interop.NewTestServer(),
		id:                name,
	})
}

func (s *officialServer) UnaryCall(ctx context.Context, request *testgrpc.SimpleRequest) (*testgrpc.SimpleResponse, error) {
	if err := checkCompression(ctx, request.GetExpectCompressed()); err != nil {
		return nil, err
	}
	if request.GetResponseCompressed().GetValue() {
		if err := grpc.SetSendCompressor(ctx, gzip.Name); err != nil {
			return nil, err
		}
	}
	reply, err := s.TestServiceServer.UnaryCall(ctx, request)
	if err == nil && request.GetFillServerId() {
		reply.ServerId = s.id
	}
	return reply, err
}

func (s *officialServer) StreamingInputCall(stream testgrpc.TestService_StreamingInputCallServer) error {
	return s.TestServiceServer.StreamingInputCall(&checkedInput{stream})
}

func (s *officialServer) StreamingOutputCall(request *testgrpc.StreamingOutputCallRequest, stream testgrpc.TestService_StreamingOutputCallServer) error {
	for _, parameters := range request.GetResponseParameters() {
		if !parameters.GetCompressed().GetValue() {
			continue
		}
		if err := grpc.SetSendCompressor(stream.Context(), gzip.Name); err != nil {
			return err
		}
		stream = &chosenOutput{stream, request.GetResponseParameters()}
		break
	}
	return s.TestServiceServer.StreamingOutputCall(request, stream)
}

// checkedInput fails at a message that is compressed, or not, against what it says.
type checkedInput struct {
	testgrpc.TestService_StreamingInputCallServer
}

func (s *checkedInput) Recv() (*testgrpc.StreamingInputCallRequest, error) {
	request, err := s.TestService_StreamingInputCallServer.Recv()
	if err != nil {
		return nil, err
	}
	return request, checkCompression(s.Context(), request.GetExpectCompressed())
}

// chosenOutput compresses those messages for which it is asked.
type chosenOutput struct {
	testgrpc.TestService_StreamingOutputCallServer
	left []*testgrpc.ResponseParameters
}

func (s *chosenOutput) Send(reply *testgrpc.StreamingOutputCallResponse) error {
	compressed := s.left[0].GetCompressed().GetValue()
	s.left = s.left[1:]
	if compressed {
		return s.TestService_StreamingOutputCallServer.Send(reply)
	}
	// The stream's own context knows nothing of the compressor that was set later.
	return sendUncompressed(s, s, reply)
}

func checkCompression(ctx context.Context, expected *testgrpc.BoolValue) error {
	last, ok := ctx.Value(lastRequestKey{}).(*lastRequest)
	if expected == nil || !ok || last.compressed == expected.GetValue() {
		return nil
	}
	return status.Errorf(codes.InvalidArgument, "compressed is %v, want %v", last.compressed, expected.GetValue())
}

// lastRequest tells of the last message that a call has received.
type lastRequest struct{ compressed bool }

type lastRequestKey struct{}

// compressionWatch keeps the lastRequest of every call up to date.
type compressionWatch struct{}

func (compressionWatch) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context {
	return context.WithValue(ctx, lastRequestKey{}, &lastRequest{})
}

func (compressionWatch) HandleRPC(ctx context.Context, event stats.RPCStats) {
	payload, isPayload := event.(*stats.InPayload)
	if last, ok := ctx.Value(lastRequestKey{}).(*lastRequest); ok && isPayload {
		last.compressed = payload.CompressedLength < payload.Length
	}
}

func (compressionWatch) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context {
	return ctx
}

func (compressionWatch) HandleConn(context.Context, stats.ConnStats) {}
