//go:build !grpc138

package main

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
)

// meter says what this process has used.
type meter struct {
	allocated uint64 // in all, when counting began
}

func (m *meter) orders() orders {
	return orders{
		"usage":               m.usage,
		"memory":              m.memory,
		"count-allocations":   m.countAllocations,
		"counted-allocations": m.countedAllocations,
	}
}

func (m *meter) usage(context.Context, order) (result, error) {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return nil, err
	}
	nanoseconds := used.Utime.Nano() + used.Stime.Nano()
	return result{"cpu": nanoseconds / 1000}, nil
}

// memory collects garbage twice, if at all, as pools give up only in the second
// round what has not been used since the first.
func (m *meter) memory(_ context.Context, o order) (result, error) {
	if o.Collect {
		runtime.GC()
		debug.FreeOSMemory() // collects, too
	}
	return result{"resident": resident(), "heap": memStats().HeapAlloc}, nil
}

// resident falls back to what Go got from the system, where there is no /proc.
func resident() uint64 {
	statm, err := os.ReadFile("/proc/self/statm")
	if err == nil {
		if fields := strings.Fields(string(statm)); len(fields) > 1 {
			if pages, err := strconv.ParseUint(fields[1], 10, 64); err == nil {
				return pages * uint64(os.Getpagesize())
			}
		}
	}
	return memStats().Sys
}

func (m *meter) countAllocations(context.Context, order) (result, error) {
	m.allocated = memStats().TotalAlloc
	return result{}, nil
}

func (m *meter) countedAllocations(context.Context, order) (result, error) {
	return result{"bytes": memStats().TotalAlloc - m.allocated}, nil
}

func memStats() *runtime.MemStats {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return &stats
}
