//go:build !grpc138

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"time"
)

// patience is how much longer than asked for an order may take. Calls carry no
// deadline of their own, because gRPC would spend time on it in each of them.
const patience = time.Minute

var errTookTooLong = errors.New("took too long")

// order is what the bench wants done, see test/bench/protocol.ts.
type order struct {
	Do          string  `json:"do"`
	Address     string  `json:"address"`
	Peers       int     `json:"peers"`
	Size        int     `json:"size"`
	Concurrency int     `json:"concurrency"`
	Streams     int     `json:"streams"`
	Count       int     `json:"count"`
	MS          float64 `json:"ms"`
	File        string  `json:"file"`
	Collect     bool    `json:"collect"`
}

func (o order) duration() time.Duration {
	return time.Duration(o.MS * float64(time.Millisecond))
}

// orders are what an end can do, by name.
type orders map[string]func(ctx context.Context, o order) (result, error)

// runBench is one end of one system, for the benchmark to compare with. It
// carries out the orders on stdin one after the other until there are no more.
func runBench(args []string) (result, error) {
	if len(args) != 2 || args[0] != "listen" && args[0] != "dial" {
		return nil, errors.New("want: bench listen SYSTEM, or bench dial SYSTEM")
	}
	known, err := systemOrders(args[1], args[0] == "listen")
	if err != nil {
		return nil, err
	}
	maps.Copy(known, new(meter).orders())
	maps.Copy(known, new(profiler).orders())

	report(result{"ready": true})
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		answer, err := known.carryOut(lines.Bytes())
		if err != nil {
			answer = result{"error": err.Error()}
		}
		report(answer)
	}
	return nil, lines.Err()
}

func systemOrders(system string, listening bool) (orders, error) {
	switch system {
	case "go-plain":
		return newGRPCEnd(false, listening).orders(), nil
	case "go-backchannel":
		return newGRPCEnd(true, listening).orders(), nil
	case "go-yamux":
		return new(yamuxEnd).orders(), nil
	default:
		return nil, fmt.Errorf("unknown system %q: want go-plain, go-backchannel or go-yamux", system)
	}
}

func (known orders) carryOut(line []byte) (result, error) {
	var o order
	if err := json.Unmarshal(line, &o); err != nil {
		return nil, err
	}
	do, ok := known[o.Do]
	if !ok {
		return nil, fmt.Errorf("this end cannot %q", o.Do)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	defer time.AfterFunc(o.duration()+patience, func() { cancel(errTookTooLong) }).Stop()

	answer, err := do(ctx, o)
	if err == nil {
		return answer, nil
	}
	if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
		err = fmt.Errorf("%w: %w", cause, err)
	}
	return nil, fmt.Errorf("%s: %w", o.Do, err)
}

// milliseconds is a duration as the bench wants it.
func milliseconds(d time.Duration) float64 {
	return float64(d) / float64(time.Millisecond)
}
