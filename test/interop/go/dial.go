package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"nestjs-backchannel/interop/pb"
)

// dialOptions say how to connect; each scenario decides how often.
type dialOptions struct {
	addr      string
	plain     bool
	name      string
	authority string // if it shall not be derived from addr
	settings  sessionSettings
	security  dialTLS
}

// runDial is the dialing side, Praefect's part.
func runDial(args []string) (result, error) {
	options := dialOptions{settings: gitalyDialer}
	flags := flag.NewFlagSet("dial", flag.ContinueOnError)
	flags.StringVar(&options.addr, "addr", "", "`host:port` to dial")
	flags.BoolVar(&options.plain, "plain", false, "be a plain gRPC client, without a backchannel")
	flags.StringVar(&options.name, "name", "dialer", "what Identify answers")
	timeout := flags.Duration("timeout", time.Minute, "how long the scenario may take; serve may stay on")
	options.settings.addFlags(flags)
	options.security.addFlags(flags)
	if err := flags.Parse(args); err != nil {
		return nil, err
	}

	if options.addr == "" || flags.NArg() == 0 {
		return nil, fmt.Errorf("want: dial -addr HOST:PORT [flags] SCENARIO [its flags]")
	}
	scenario, ok := scenarios[flags.Arg(0)]
	if !ok {
		return nil, fmt.Errorf("unknown scenario %q", flags.Arg(0))
	}
	ctx, cancel := context.WithTimeout(context.Background(), *timeout)
	defer cancel()
	return scenario(ctx, options, flags.Args()[1:])
}

// client is one connection to the listening side, seen from the dialing side.
type client struct {
	gitaly  pb.GitalyClient
	payload pb.PayloadClient
	votes   *praefect       // served to the listening side; stays at 0 on a plain connection
	gone    <-chan struct{} // closed with the connection, whoever ends it
	conn    *grpc.ClientConn
}

// connect makes a client. As usual with gRPC it dials with the first call.
func connect(options dialOptions) (*client, error) {
	votes := &praefect{}
	creds, err := newClientCredentials(options, votes)
	if err != nil {
		return nil, err
	}
	gone := make(chan struct{})
	closeGone := sync.OnceFunc(func() { close(gone) })

	grpcOptions := append(callOptions(),
		grpc.WithTransportCredentials(creds),
		grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
			if err != nil {
				return nil, err
			}
			return &watchedConn{Conn: conn, onClose: closeGone}, nil
		}),
	)
	if options.authority != "" {
		grpcOptions = append(grpcOptions, grpc.WithAuthority(options.authority))
	}
	conn, err := newClient(options.addr, grpcOptions...)
	if err != nil {
		return nil, err
	}
	return &client{
		gitaly:  pb.NewGitalyClient(conn),
		payload: pb.NewPayloadClient(conn),
		votes:   votes,
		gone:    gone,
		conn:    conn,
	}, nil
}

func newClientCredentials(options dialOptions, votes *praefect) (credentials.TransportCredentials, error) {
	inner, err := options.security.credentials()
	if err != nil || options.plain {
		return inner, err
	}
	if err := options.settings.check(); err != nil {
		return nil, err
	}
	return &clientHandshaker{
		TransportCredentials: inner,
		settings:             options.settings,
		newServer:            func() *grpc.Server { return newDialingServer(options.name, votes) },
	}, nil
}

func (c *client) close() error { return c.conn.Close() }

// watchedConn tells when the connection is given up. yamux and gRPC both close
// it as soon as they see its end, so this works for either kind of client.
type watchedConn struct {
	net.Conn
	onClose func()
}

func (c *watchedConn) Close() error {
	c.onClose()
	return c.Conn.Close()
}
