//go:build !grpc138

package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"runtime/pprof"
)

// profiler records what the processor is used for.
type profiler struct {
	recording *bytes.Buffer // nil if it does not
}

func (p *profiler) orders() orders {
	return orders{"start-profile": p.start, "stop-profile": p.stop}
}

func (p *profiler) start(context.Context, order) (result, error) {
	recording := new(bytes.Buffer)
	if err := pprof.StartCPUProfile(recording); err != nil {
		return nil, err
	}
	p.recording = recording
	return result{}, nil
}

func (p *profiler) stop(_ context.Context, o order) (result, error) {
	if p.recording == nil {
		return nil, errors.New("no profile was started")
	}
	pprof.StopCPUProfile()
	recorded := p.recording.Bytes()
	p.recording = nil
	return result{}, os.WriteFile(o.File, recorded, 0o644)
}
