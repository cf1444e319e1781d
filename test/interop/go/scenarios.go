package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"

	"nestjs-backchannel/interop/pb"
)

// A scenario is what a dialing side does with its connections. Its result is
// printed; its error makes the process fail.
type scenario func(ctx context.Context, options dialOptions, args []string) (result, error)

var scenarios = map[string]scenario{
	"mutator":     mutator,
	"crowd":       crowd, // in crowd.go
	"payload":     payloads,
	"stream":      stream,
	"serve":       serve,
	"close-first": closeFirst,
	"official":    official,
}

// mutator makes one call that is answered after a call back.
func mutator(ctx context.Context, options dialOptions, _ []string) (result, error) {
	peer, err := connect(options)
	if err != nil {
		return nil, err
	}
	defer peer.close()
	if _, err := peer.gitaly.Mutator(ctx, &pb.MutatorRequest{}); err != nil {
		return nil, err
	}
	return result{"mutator": true, "votes": peer.votes.votes.Load()}, nil
}

// payloads sends messages of several sizes and wants them back unchanged, from
// the listening side and, through it, from this side's own services.
func payloads(ctx context.Context, options dialOptions, args []string) (result, error) {
	flags := flag.NewFlagSet("payload", flag.ContinueOnError)
	list := flags.String("sizes", "0,1024,1048576,3145728,20971520", "message sizes in bytes, comma-separated")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	sizes, err := parseSizes(*list)
	if err != nil {
		return nil, err
	}
	peer, err := connect(options)
	if err != nil {
		return nil, err
	}
	defer peer.close()

	for _, size := range sizes {
		sent := &pb.Blob{Data: pattern(0, size)}
		got, err := peer.payload.Echo(ctx, sent)
		if err := checkEcho(sent, got, err); err != nil {
			return nil, fmt.Errorf("Echo of %d bytes: %w", size, err)
		}
		if options.plain {
			continue
		}
		got, err = peer.payload.EchoThroughPeer(ctx, sent)
		if err := checkEcho(sent, got, err); err != nil {
			return nil, fmt.Errorf("EchoThroughPeer of %d bytes: %w", size, err)
		}
	}
	return result{"sizes": sizes, "throughPeer": !options.plain}, nil
}

func parseSizes(list string) ([]int, error) {
	var sizes []int
	for _, field := range strings.Split(list, ",") {
		size, err := strconv.ParseUint(field, 10, 31)
		if err != nil {
			return nil, fmt.Errorf("-sizes: %w", err)
		}
		sizes = append(sizes, int(size))
	}
	return sizes, nil
}

func checkEcho(sent, got *pb.Blob, err error) error {
	if err != nil {
		return err
	}
	if !bytes.Equal(sent.GetData(), got.GetData()) {
		return fmt.Errorf("got other bytes back, %d of them", len(got.GetData()))
	}
	return nil
}

// stream downloads, and has the listening side download from here.
func stream(ctx context.Context, options dialOptions, args []string) (result, error) {
	flags := flag.NewFlagSet("stream", flag.ContinueOnError)
	size := flags.Uint64("bytes", 64<<20, "bytes to download")
	chunk := flags.Uint("chunk", 64<<10, "bytes per message")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if *chunk == 0 || *chunk > maxMessage {
		return nil, fmt.Errorf("-chunk %d: want 1 to %d", *chunk, maxMessage)
	}
	peer, err := connect(options)
	if err != nil {
		return nil, err
	}
	defer peer.close()

	request := &pb.DownloadRequest{Bytes: *size, Chunk: uint32(*chunk)}
	forward, err := downloadAndVerify(ctx, peer.payload, request)
	if err != nil {
		return nil, fmt.Errorf("Download: %w", err)
	}
	final := result{"bytes": forward.GetBytes(), "sha256": forward.GetSha256(), "throughPeer": !options.plain}
	if options.plain {
		return final, nil
	}
	back, err := peer.payload.DownloadThroughPeer(ctx, request)
	if err != nil {
		return nil, fmt.Errorf("DownloadThroughPeer: %w", err)
	}
	if back.GetBytes() != forward.GetBytes() || back.GetSha256() != forward.GetSha256() {
		return nil, fmt.Errorf("DownloadThroughPeer: got %d bytes with sha256 %s, want %d with %s",
			back.GetBytes(), back.GetSha256(), forward.GetBytes(), forward.GetSha256())
	}
	return final, nil
}

// serve stays connected to be called back, until it is told to stop or the
// listening side ends the connection, and reports which of the two it was.
func serve(ctx context.Context, options dialOptions, _ []string) (result, error) {
	peer, err := connect(options)
	if err != nil {
		return nil, err
	}
	if err := waitUntilReady(ctx, peer.conn); err != nil {
		return nil, errors.Join(err, peer.close())
	}
	stop := toldToStop()
	report(result{"connected": true})

	closedBy := "listening"
	select {
	case <-peer.gone:
	case <-stop:
		closedBy = "dialing"
	}
	if err := peer.close(); err != nil {
		return nil, err
	}
	return result{"closed": closedBy, "votes": peer.votes.votes.Load()}, nil
}

// waitUntilReady connects; the listening side has its peer by then, as it has
// greeted us on the stream that it took.
func waitUntilReady(ctx context.Context, conn *grpc.ClientConn) error {
	connectNow(conn)
	for {
		state := conn.GetState()
		if state == connectivity.Ready {
			return nil
		}
		if state == connectivity.TransientFailure {
			return errors.New("cannot connect")
		}
		if !conn.WaitForStateChange(ctx, state) {
			return ctx.Err()
		}
	}
}

// closeFirst hangs up right after a call, which must not fail.
func closeFirst(ctx context.Context, options dialOptions, _ []string) (result, error) {
	peer, err := connect(options)
	if err != nil {
		return nil, err
	}
	if _, err := peer.payload.Identify(ctx, &pb.Empty{}); err != nil {
		return nil, errors.Join(err, peer.close())
	}
	if err := peer.close(); err != nil {
		return nil, err
	}
	select {
	case <-peer.gone:
		return result{"closed": true}, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("the connection outlived its client: %w", ctx.Err())
	}
}

// official runs one of the official cases against the listening side.
func official(ctx context.Context, options dialOptions, args []string) (result, error) {
	if len(args) != 1 {
		return nil, fmt.Errorf("want: official CASE")
	}
	peer, err := connect(options)
	if err != nil {
		return nil, err
	}
	defer peer.close()
	return runOfficial(ctx, args[0], officialTarget{conn: peer.conn, redial: func() (*grpc.ClientConn, error) {
		another, err := connect(options)
		if err != nil {
			return nil, err
		}
		return another.conn, nil
	}})
}

// inParallel runs do for 0 to n-1, all at the same time, and joins the errors.
func inParallel(n int, do func(i int) error) error {
	errs := make([]error, n)
	var running sync.WaitGroup
	for i := range n {
		running.Go(func() { errs[i] = do(i) })
	}
	running.Wait()
	return errors.Join(errs...)
}
