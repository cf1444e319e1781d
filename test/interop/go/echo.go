package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"time"
)

// runEcho is a yamux client without magic and gRPC, on the yamux that this build
// has for the listening side: it opens streams all at
// once, so that their SYNs leave in any order, and wants back on each the bytes
// it sent there.
func runEcho(args []string) (result, error) {
	settings := gitalyDialer
	flags := flag.NewFlagSet("echo", flag.ContinueOnError)
	addr := flags.String("addr", "", "`host:port` of a yamux server that echoes every stream")
	streams := flags.Int("streams", 1, "streams at once")
	size := flags.Int("bytes", 1, "bytes on each")
	timeout := flags.Duration("timeout", time.Minute, "how long it may take")
	settings.addFlags(flags)
	if err := flags.Parse(args); err != nil {
		return nil, err
	}

	conn, err := net.DialTimeout("tcp", *addr, *timeout)
	if err != nil {
		return nil, err
	}
	session, err := newClientSession(conn, settings)
	if err != nil {
		return nil, err
	}
	defer session.Close()

	failures := make(chan error, *streams)
	for i := range *streams {
		go func() { failures <- echoOnce(session, byte(i), *size, time.Now().Add(*timeout)) }()
	}
	for range *streams {
		if err := <-failures; err != nil {
			return nil, err
		}
	}
	return result{"streams": *streams, "bytes": *size}, nil
}

func echoOnce(session muxSession, seed byte, size int, deadline time.Time) error {
	stream, err := session.Open(context.Background())
	if err != nil {
		return err
	}
	defer stream.Close()
	if err := stream.SetDeadline(deadline); err != nil {
		return err
	}

	sent := make([]byte, size)
	for i := range sent {
		sent[i] = byte(i*31) + seed
	}
	written := make(chan error, 1)
	go func() {
		_, err := stream.Write(sent)
		written <- err
	}()
	received := make([]byte, size)
	if _, err := io.ReadFull(stream, received); err != nil {
		return err
	}
	if err := <-written; err != nil {
		return err
	}
	if !bytes.Equal(sent, received) {
		return fmt.Errorf("stream %d did not come back as it was sent", stream.(interface{ StreamID() uint32 }).StreamID())
	}
	return nil
}
