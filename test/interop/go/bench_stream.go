//go:build !grpc138

package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nestjs-backchannel/interop/pb"
)

// endless is more bytes than anyone can wait for.
const endless = 1 << 40

// fewestMessages is how many messages it takes to speak of a rate.
const fewestMessages = 2

// stream receives messages for a while, and for as long as there are too few of
// them, and then cancels.
func (e *grpcEnd) stream(ctx context.Context, o order) (result, error) {
	if o.Size < minChunk || o.MS <= 0 {
		return nil, fmt.Errorf("want a size of %d or more, and ms", minChunk)
	}
	callers, err := e.callers(ctx, 1)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	start := time.Now()
	received := &reception{until: start.Add(o.duration())}
	// For when nothing comes any more: the receiver looks at the clock only when
	// something does.
	defer time.AfterFunc(o.duration(), func() {
		if received.complete() {
			cancel()
		}
	}).Stop()
	if err := received.receive(ctx, callers[0], o.Size); err != nil {
		return nil, fmt.Errorf("after %d messages: %w", received.messages.Load(), err)
	}
	return result{"messages": received.messages.Load(), "ms": milliseconds(time.Since(start))}, nil
}

// reception counts the messages of one stream.
type reception struct {
	until    time.Time
	messages atomic.Uint32
}

// complete says whether the time is over and enough has come.
func (r *reception) complete() bool {
	return !time.Now().Before(r.until) && r.messages.Load() >= fewestMessages
}

// receive returns once complete: what comes later was on its way already.
func (r *reception) receive(ctx context.Context, from pb.PayloadClient, size int) error {
	blobs, err := from.Download(ctx, &pb.DownloadRequest{Bytes: endless, Chunk: uint32(size)})
	if err != nil {
		return err
	}
	for !r.complete() {
		blob, err := blobs.Recv()
		if status.Code(err) == codes.Canceled && r.complete() {
			return nil
		}
		if err != nil {
			return err
		}
		if err := checkMessage(blob.GetData(), r.messages.Load(), size); err != nil {
			return err
		}
		r.messages.Add(1)
	}
	return nil
}

func checkMessage(data []byte, number uint32, size int) error {
	if len(data) != size {
		return fmt.Errorf("message of %d bytes, want %d", len(data), size)
	}
	if got := binary.BigEndian.Uint32(data); got != number {
		return fmt.Errorf("message has number %d, want %d", got, number)
	}
	if got := data[size-1]; got != lastByte {
		return fmt.Errorf("message ends with %#02x, want %#02x", got, lastByte)
	}
	return nil
}
