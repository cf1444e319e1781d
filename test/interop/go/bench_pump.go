//go:build !grpc138

package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/hashicorp/yamux"
)

const (
	// patternPeriod is after how many bytes the test data repeats.
	patternPeriod = 256
	// takeInSize is the most that the receiving end reads at once.
	takeInSize = 64 << 10
	// countSize is the size of the receiving end's answer: how many bytes came.
	countSize = 8
	// wrongByte is the answer if the bytes were not those of the test data.
	wrongByte = math.MaxUint64
)

// pump writes to many streams at once for a while, and wants to hear on each
// that everything has arrived.
func (e *yamuxEnd) pump(ctx context.Context, o order) (result, error) {
	if o.Streams < 1 || o.Size < 1 || o.MS <= 0 {
		return nil, errors.New("want streams, size and ms")
	}
	if len(e.sessions) == 0 {
		return nil, errors.New("not connected")
	}
	session := e.sessions[0]
	// Nothing else ends a write or read that takes too long.
	defer context.AfterFunc(ctx, func() { session.Close() })()
	streams, err := openStreams(session, o.Streams)
	if err != nil {
		return nil, err
	}

	data := pattern(0, o.Size+patternPeriod)
	start := time.Now()
	until := start.Add(o.duration())
	sent := make([]uint64, len(streams))
	err = inParallel(len(streams), func(i int) error {
		var err error
		sent[i], err = pumpOne(streams[i], data, o.Size, until)
		return err
	})
	if err != nil {
		return nil, err
	}
	took := time.Since(start)
	total := uint64(0)
	for _, bytes := range sent {
		total += bytes
	}
	return result{"bytes": total, "ms": milliseconds(took)}, nil
}

// openStreams opens them before the clock starts, side by side, as each may have
// to wait until the other end has accepted earlier ones.
func openStreams(session *yamux.Session, n int) ([]*yamux.Stream, error) {
	streams := make([]*yamux.Stream, n)
	err := inParallel(n, func(i int) error {
		var err error
		streams[i], err = session.OpenStream()
		return err
	})
	return streams, err
}

// pumpOne writes slices of data, which has a period more bytes than a write, so
// that each can start where in the pattern the one before has ended.
func pumpOne(stream *yamux.Stream, data []byte, size int, until time.Time) (sent uint64, err error) {
	defer stream.Close()
	for time.Now().Before(until) {
		from := sent % patternPeriod
		n, err := stream.Write(data[from : from+uint64(size)])
		sent += uint64(n)
		if err != nil {
			return sent, err
		}
	}
	// This ends our half only: the other end still has to say what it got.
	if err := stream.Close(); err != nil {
		return sent, err
	}
	var answer [countSize]byte
	if _, err := io.ReadFull(stream, answer[:]); err != nil {
		return sent, fmt.Errorf("no confirmation: %w", err)
	}
	switch received := binary.BigEndian.Uint64(answer[:]); received {
	case sent:
		return sent, nil
	case wrongByte:
		return sent, errors.New("the other end received a wrong byte")
	default:
		return sent, fmt.Errorf("the other end received %d bytes of %d", received, sent)
	}
}

// takeIn reads a stream to its end and answers how many bytes came.
func takeIn(stream *yamux.Stream) {
	defer stream.Close()
	count, err := countBytes(stream)
	if err != nil {
		return // the sender gets no confirmation
	}
	stream.Write(binary.BigEndian.AppendUint64(nil, count))
}

// countBytes looks at the first and the last byte of each read only, which finds
// bytes that were lost, doubled or swapped without costing the time of all.
func countBytes(from io.Reader) (uint64, error) {
	buffer := make([]byte, takeInSize)
	received, right := uint64(0), true
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			right = right && buffer[0] == patternAt(received)
			received += uint64(n)
			right = right && buffer[n-1] == patternAt(received-1)
		}
		switch {
		case errors.Is(err, io.EOF) && right:
			return received, nil
		case errors.Is(err, io.EOF):
			return wrongByte, nil
		case err != nil:
			return received, err
		}
	}
}
