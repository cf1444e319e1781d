package main

import (
	"context"
	"flag"
	"net"
	"time"

	"google.golang.org/grpc"
)

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
	failed := make(chan error, 2)
	go func() { failed <- server.Serve(listener) }()
	report(result{"listening": listener.Addr().String()})
	if *official != "" {
		go func() {
			if err := officialBack(*official, handshaker.registry); err != nil {
				failed <- err
			}
		}()
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
