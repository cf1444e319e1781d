//go:build !grpc138

package main

import (
	"encoding/binary"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nestjs-backchannel/interop/pb"
)

const (
	// minChunk has room for a number and a last byte.
	minChunk = 5
	// lastByte ends every message of a Download.
	lastByte = 0xa5
)

// benchPayload has a Download that leaves the time to what is measured.
type benchPayload struct{ pb.PayloadServer }

// newBenchServer serves plain clients, and a listening side's calls back.
func newBenchServer() *grpc.Server {
	server := grpc.NewServer(serveOptions()...)
	pb.RegisterPayloadServer(server, benchPayload{&payload{}})
	return server
}

// newBenchListeningServer serves multiplexed clients, and can call them.
func newBenchListeningServer(handshaker *serverHandshaker) *grpc.Server {
	server := grpc.NewServer(append(serveOptions(), grpc.Creds(handshaker))...)
	pb.RegisterPayloadServer(server, benchPayload{&listeningPayload{registry: handshaker.registry}})
	return server
}

// Download sends messages that differ in their numbers only, so that there is
// nothing to compute. One buffer is enough: Send copies it, as it marshals,
// before it returns. All messages are of full size, and Send fails, which ends
// them, as soon as the caller cancels.
func (benchPayload) Download(request *pb.DownloadRequest, out pb.Payload_DownloadServer) error {
	chunk := uint64(request.GetChunk())
	if chunk < minChunk || chunk > maxMessage {
		return status.Errorf(codes.InvalidArgument, "chunk is %d, want %d to %d", chunk, minChunk, maxMessage)
	}
	blob := &pb.Blob{Data: pattern(0, int(chunk))}
	blob.Data[chunk-1] = lastByte
	number := uint32(0)
	for sent := uint64(0); sent < request.GetBytes(); sent += chunk {
		binary.BigEndian.PutUint32(blob.Data, number)
		if err := out.Send(blob); err != nil {
			return err
		}
		number++
	}
	return nil
}
