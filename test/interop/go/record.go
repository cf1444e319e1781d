package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"runtime/debug"
	"sync"
	"time"

	"google.golang.org/grpc/connectivity"

	"nestjs-backchannel/interop/pb"
)

const (
	// recordedAuthority stands in for the port, which differs every time.
	recordedAuthority = "gitaly.test"
	// settleTime separates handshake, call and end in the trace. Within each of
	// them both sides talk at once, so that the order still varies.
	settleTime = 200 * time.Millisecond
)

// runRecord writes down what a Go listener and a Go dialer say to each other
// while one call is made and answered after a call back.
func runRecord(args []string) (result, error) {
	dialer := gitalyDialer
	flags := flag.NewFlagSet("record", flag.ContinueOnError)
	out := flags.String("out", "", "`file` to write the trace to")
	dialer.addFlags(flags)
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if *out == "" {
		return nil, errors.New("want: record -out FILE")
	}

	recorded := &trace{
		Description: "One Gitaly/Mutator call that is answered after a Praefect/VoteTransaction call back, then the dialing side closes. Both ends are Go.",
		Yamux:       moduleVersion(hashicorpYamux),
		GRPC:        moduleVersion("google.golang.org/grpc"),
		Dialer:      dialer,
		Listener:    gitalyListener,
		ClosedBy:    "dialing",
	}
	if listenerYamux != hashicorpYamux {
		recorded.ListenerYamux = listenerYamux + " " + moduleVersion(listenerYamux)
	}
	if err := record(recorded); err != nil {
		return nil, err
	}
	if err := recorded.write(*out); err != nil {
		return nil, err
	}
	return result{"recorded": len(recorded.Frames), "yamux": recorded.Yamux, "grpc": recorded.GRPC}, nil
}

func record(recorded *trace) error {
	handshaker, err := newServerHandshaker(recorded.Listener, listenTLS{})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := newListeningServer("listener", handshaker)
	go server.Serve(listener)
	defer server.Stop()

	proxy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer proxy.Close()
	proxied := make(chan error, 1)
	go func() { proxied <- proxyOne(proxy, listener.Addr().String(), recorded) }()

	err = callOnce(dialOptions{
		addr:      proxy.Addr().String(),
		name:      "dialer",
		authority: recordedAuthority,
		settings:  recorded.Dialer,
	})
	if err != nil {
		return err
	}
	return <-proxied
}

// proxyOne connects the next one to dial with target, and returns once both
// have hung up.
func proxyOne(proxy net.Listener, target string, recorded *trace) error {
	dialing, err := proxy.Accept()
	if err != nil {
		return err
	}
	defer dialing.Close()
	listening, err := net.Dial("tcp", target)
	if err != nil {
		return err
	}
	defer listening.Close()

	pass := func(from string, src, dst net.Conn) {
		recorded.relay(from, src, dst)
		// Only this direction has ended; the other one may still be flowing.
		dst.(*net.TCPConn).CloseWrite()
	}
	var both sync.WaitGroup
	both.Go(func() { pass("dialing", dialing, listening) })
	both.Go(func() { pass("listening", listening, dialing) })
	both.Wait()
	return nil
}

// callOnce sets no deadline on the call: gRPC would send how much of it is left,
// and that is never the same twice.
func callOnce(options dialOptions) error {
	peer, err := connect(options)
	if err != nil {
		return err
	}
	defer peer.close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for state := peer.conn.GetState(); state != connectivity.Ready; state = peer.conn.GetState() {
		connectNow(peer.conn)
		if !peer.conn.WaitForStateChange(ctx, state) {
			return fmt.Errorf("not connected: %w", ctx.Err())
		}
	}
	time.Sleep(settleTime)
	if _, err := peer.gitaly.Mutator(context.Background(), &pb.MutatorRequest{}); err != nil {
		return err
	}
	if votes := peer.votes.votes.Load(); votes != 1 {
		return fmt.Errorf("was asked for %d votes, want 1", votes)
	}
	time.Sleep(settleTime)
	return nil
}

// moduleVersion says which version of a module this binary was built with.
func moduleVersion(path string) string {
	info, ok := debug.ReadBuildInfo()
	if ok {
		for _, module := range info.Deps {
			if module.Path == path {
				return module.Version
			}
		}
	}
	return "unknown"
}
