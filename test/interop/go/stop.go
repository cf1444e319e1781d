package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// toldToStop returns a channel that is closed once the process that started us
// wants us gone: it sent {"cmd":"close"}, closed our stdin (which also happens
// when it dies, so that no peer outlives its test), or sent a signal. Call it
// before reporting to be ready: a signal that comes earlier kills the process.
func toldToStop() <-chan struct{} {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)

	stdin := make(chan struct{})
	go func() {
		defer close(stdin)
		readUntilClose()
	}()

	stop := make(chan struct{})
	go func() {
		defer close(stop)
		select {
		case <-signals:
		case <-stdin:
		}
	}()
	return stop
}

func readUntilClose() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var order struct {
			Cmd string `json:"cmd"`
		}
		if err := json.Unmarshal(lines.Bytes(), &order); err != nil || order.Cmd != "close" {
			fmt.Fprintf(os.Stderr, "peer: not understood, only {\"cmd\":\"close\"} is: %s\n", lines.Text())
			continue
		}
		return
	}
}
