package main

import (
	"context"
	"errors"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nestjs-backchannel/interop/pb"
)

func newListeningServer(name string, handshaker *serverHandshaker) *grpc.Server {
	server := grpc.NewServer(append(serveOptions(), grpc.Creds(handshaker))...)
	pb.RegisterGitalyServer(server, &gitaly{registry: handshaker.registry})
	pb.RegisterPayloadServer(server, &listeningPayload{
		payload:  payload{name: name},
		registry: handshaker.registry,
	})
	registerOfficialServer(server, name)
	return server
}

func newDialingServer(name string, votes *praefect) *grpc.Server {
	server := grpc.NewServer(serveOptions()...)
	pb.RegisterPraefectServer(server, votes)
	pb.RegisterPayloadServer(server, &payload{name: name})
	registerOfficialServer(server, name)
	return server
}

type gitaly struct {
	pb.UnimplementedGitalyServer
	registry *registry
}

func (g *gitaly) Mutator(ctx context.Context, _ *pb.MutatorRequest) (*pb.MutatorResponse, error) {
	back, err := g.registry.caller(ctx)
	if errors.Is(err, errNotMultiplexed) {
		return &pb.MutatorResponse{}, nil
	}
	if err != nil {
		return nil, err
	}
	if _, err := pb.NewPraefectClient(back).VoteTransaction(ctx, &pb.VoteRequest{}); err != nil {
		return nil, err
	}
	return &pb.MutatorResponse{}, nil
}

// praefect counts the votes it was asked for.
type praefect struct {
	pb.UnimplementedPraefectServer
	votes atomic.Int64
}

func (p *praefect) VoteTransaction(context.Context, *pb.VoteRequest) (*pb.VoteResponse, error) {
	p.votes.Add(1)
	return &pb.VoteResponse{}, nil
}

// payload is what both sides serve.
type payload struct {
	pb.UnimplementedPayloadServer
	name string
}

func (p *payload) Echo(_ context.Context, blob *pb.Blob) (*pb.Blob, error) {
	return blob, nil
}

func (p *payload) Download(request *pb.DownloadRequest, out pb.Payload_DownloadServer) error {
	chunk := uint64(request.GetChunk())
	if chunk == 0 || chunk > maxMessage {
		return status.Errorf(codes.InvalidArgument, "chunk is %d, want 1 to %d", chunk, maxMessage)
	}
	for sent := uint64(0); sent < request.GetBytes(); {
		size := min(chunk, request.GetBytes()-sent)
		if err := out.Send(&pb.Blob{Data: pattern(sent, int(size))}); err != nil {
			return err
		}
		sent += size
	}
	return nil
}

func (p *payload) Identify(context.Context, *pb.Empty) (*pb.Identity, error) {
	return &pb.Identity{Name: p.name}, nil
}

// listeningPayload adds what only the listening side can do: call its caller.
type listeningPayload struct {
	payload
	registry *registry
}

func (p *listeningPayload) caller(ctx context.Context) (pb.PayloadClient, error) {
	back, err := p.registry.caller(ctx)
	if err != nil {
		return nil, err
	}
	return pb.NewPayloadClient(back), nil
}

func (p *listeningPayload) EchoThroughPeer(ctx context.Context, blob *pb.Blob) (*pb.Blob, error) {
	caller, err := p.caller(ctx)
	if err != nil {
		return nil, err
	}
	return caller.Echo(ctx, blob)
}

func (p *listeningPayload) DownloadThroughPeer(ctx context.Context, request *pb.DownloadRequest) (*pb.Summary, error) {
	caller, err := p.caller(ctx)
	if err != nil {
		return nil, err
	}
	return downloadAndVerify(ctx, caller, request)
}

func (p *listeningPayload) IdentifyPeer(ctx context.Context, empty *pb.Empty) (*pb.Identity, error) {
	caller, err := p.caller(ctx)
	if err != nil {
		return nil, err
	}
	return caller.Identify(ctx, empty)
}
