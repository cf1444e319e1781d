package main

import (
	"context"
	"flag"
	"net"
	"time"

	"google.golang.org/grpc"

	"nestjs-backchannel/interop/pb"
)

// downloadChunk is what a message of the first peer's download has.
const downloadChunk = 64 << 10

// closeTimeout bounds how long calls in flight can hold up a close.
const closeTimeout = 5 * time.Second

// runListen is the listening side, Gitaly's part.
func runListen(args []string) (result, error) {
	settings := gitalyListener
	var security listenTLS
	flags := flag.NewFlagSet("listen", flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:0", "`address` to listen on")
	name := flags.String("name", "listener", "what Identify answers")
	official := flags.String("official", "", "run this official `case` against the first peer that comes")
	download := flags.Uint64("download", 0, "download so many `bytes` from the first peer that comes")
	settings.addFlags(flags)
	flags.DurationVar(&settings.ping, "ping", settings.ping, "how `often` yamux pings")
	security.addFlags(flags)
	if err := flags.Parse(args); err != nil {
		return nil, err
	}

	handshaker, err := newServerHandshaker(settings, security)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		return nil, err
	}
	server := newListeningServer(*name, handshaker)
	stop := toldToStop()
	failed := make(chan error, 3)
	go func() { failed <- server.Serve(listener) }()
	report(result{"listening": listener.Addr().String()})
	callBack := func(run func(*registry) error) {
		if err := run(handshaker.registry); err != nil {
			failed <- err
		}
	}
	if *official != "" {
		go callBack(func(peers *registry) error { return officialBack(*official, peers) })
	}
	if *download != 0 {
		go callBack(func(peers *registry) error { return downloadBack(*download, peers) })
	}

	select {
	case err := <-failed:
		return nil, err
	case <-stop:
		return result{"closed": closeServer(server)}, nil
	}
}

// officialBack runs an official case against the first peer, and reports it.
func officialBack(name string, registry *registry) error {
	backs, err := registry.newest(context.Background(), 1)
	if err != nil {
		return err
	}
	passed, err := runOfficial(context.Background(), name, officialTarget{conn: backs[0]})
	if err != nil {
		return err
	}
	report(passed)
	return nil
}

// downloadBack downloads from the first peer, without being asked to, and reports
// what came.
func downloadBack(bytes uint64, registry *registry) error {
	backs, err := registry.newest(context.Background(), 1)
	if err != nil {
		return err
	}
	request := &pb.DownloadRequest{Bytes: bytes, Chunk: downloadChunk}
	summary, err := downloadAndVerify(context.Background(), pb.NewPayloadClient(backs[0]), request)
	if err != nil {
		return err
	}
	report(result{"bytes": summary.GetBytes(), "sha256": summary.GetSha256()})
	return nil
}

func newServerHandshaker(settings sessionSettings, security listenTLS) (*serverHandshaker, error) {
	if err := settings.check(); err != nil {
		return nil, err
	}
	inner, err := security.credentials()
	if err != nil {
		return nil, err
	}
	return &serverHandshaker{TransportCredentials: inner, settings: settings, registry: newRegistry()}, nil
}

// closeServer lets calls in flight finish, and says whether they did in time.
// If they did not, the end of the process will cut them off: server.Stop would
// still wait for connections that have not sent their first bytes yet.
func closeServer(server *grpc.Server) string {
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.GracefulStop()
	}()
	select {
	case <-done:
		return "gracefully"
	case <-time.After(closeTimeout):
		return "by force"
	}
}
