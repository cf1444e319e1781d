//go:build !grpc138

package main

import (
	"context"
	"errors"
	"time"
)

// firstReply connects again and again, each time from nothing to a reply.
func (e *grpcEnd) firstReply(ctx context.Context, o order) (result, error) {
	if o.Count < 1 {
		return nil, errors.New("want a count")
	}
	took := make([]float64, 0, o.Count)
	for range o.Count {
		one, err := e.firstReplyOnce(ctx, o.Address)
		if err != nil {
			return nil, err
		}
		took = append(took, milliseconds(one))
	}
	return result{"ms": took}, nil
}

// firstReplyOnce does not count the time that hanging up takes.
func (e *grpcEnd) firstReplyOnce(ctx context.Context, address string) (time.Duration, error) {
	start := time.Now()
	conn, err := e.dial(address)
	if err != nil {
		return 0, err
	}
	err = e.firstCall(ctx, conn)
	took := time.Since(start)
	return took, errors.Join(err, conn.Close())
}
