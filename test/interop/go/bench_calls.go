//go:build !grpc138

package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"nestjs-backchannel/interop/pb"
)

const (
	// counterSize is how many bytes of a request tell it from all others.
	counterSize = 4
	// expectedRate is how many latencies there is room for from the start. More
	// are not lost, but their room is found while the clock ticks.
	expectedRate = 50 // calls per millisecond, of all workers together
)

// unary makes Echo calls for a while, as many at any time as it is told.
func (e *grpcEnd) unary(ctx context.Context, o order) (result, error) {
	if o.Size < counterSize || o.Concurrency < 1 || o.Peers < 1 || o.MS <= 0 {
		return nil, fmt.Errorf("want a size of %d or more, and concurrency, peers and ms", counterSize)
	}
	callers, err := e.callers(ctx, o.Peers)
	if err != nil {
		return nil, err
	}
	workers := newWorkers(callers, o)
	start := time.Now()
	if err := work(ctx, workers, start.Add(o.duration())); err != nil {
		return nil, err
	}
	return summarize(workers, start)
}

// worker makes one call after the other, with one request: gRPC has no more use
// for it once there is a reply.
type worker struct {
	caller    pb.PayloadClient
	request   *pb.Blob
	counter   uint32 // of the next call
	step      uint32 // to the one after it
	latencies []time.Duration
	lastReply time.Time
}

// newWorkers gives them counters that never meet.
func newWorkers(callers []pb.PayloadClient, o order) []*worker {
	n := len(callers) * o.Concurrency
	var workers []*worker
	for i := range n {
		workers = append(workers, &worker{
			caller:    callers[i%len(callers)],
			request:   &pb.Blob{Data: pattern(0, o.Size)},
			counter:   uint32(i),
			step:      uint32(n),
			latencies: make([]time.Duration, 0, int(o.MS*expectedRate)/n+1),
		})
	}
	return workers
}

// work returns what failed first; the others need not go on then.
func work(ctx context.Context, workers []*worker, until time.Time) error {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var working sync.WaitGroup
	for _, w := range workers {
		working.Go(func() {
			if err := w.callUntil(ctx, until); err != nil {
				fail(err)
			}
		})
	}
	working.Wait()
	return context.Cause(ctx)
}

func (w *worker) callUntil(ctx context.Context, until time.Time) error {
	for start := time.Now(); start.Before(until); start = time.Now() {
		binary.BigEndian.PutUint32(w.request.Data, w.counter)
		w.counter += w.step
		reply, err := w.caller.Echo(ctx, w.request)
		w.lastReply = time.Now()
		if err := checkEcho(w.request, reply, err); err != nil {
			return err
		}
		w.latencies = append(w.latencies, w.lastReply.Sub(start))
	}
	return nil
}

func summarize(workers []*worker, start time.Time) (result, error) {
	var latencies []time.Duration
	var last time.Time
	for _, w := range workers {
		latencies = append(latencies, w.latencies...)
		if w.lastReply.After(last) {
			last = w.lastReply
		}
	}
	if len(latencies) == 0 {
		return nil, errors.New("no time for a single call")
	}
	slices.Sort(latencies)
	return result{
		"calls": len(latencies),
		"ms":    milliseconds(last.Sub(start)),
		"p50":   percentile(latencies, 50),
		"p99":   percentile(latencies, 99),
	}, nil
}

// percentile returns the microseconds that so many of a hundred took at most.
func percentile(sorted []time.Duration, percent int) float64 {
	count := (len(sorted)*percent + 99) / 100 // rounded up
	return float64(sorted[count-1]) / float64(time.Microsecond)
}
