// Command peer plays both ends of a backchannel connection the way GitLab's
// Gitaly and Praefect do, so that nestjs-backchannel can be tested against the
// Go libraries those two are built on: hashicorp/yamux, libp2p/go-yamux (Gitaly
// 18, see mux_libp2p.go) and grpc-go.
//
// See README.md for the commands.
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

//go:generate protoc --proto_path=../../fixtures --go_out=pb --go_opt=paths=source_relative,Minterop.proto=nestjs-backchannel/interop/pb --go-grpc_out=pb "--go-grpc_opt=paths=source_relative,Minterop.proto=nestjs-backchannel/interop/pb;pb" interop.proto

// result is what a command prints: one JSON object on one line of stdout.
// Everything meant for humans goes to stderr.
type result map[string]any

func main() {
	final, err := run(os.Args[1:])
	if err != nil {
		report(result{"error": err.Error()})
		os.Exit(1)
	}
	if final != nil { // bench has said everything by now
		report(final)
	}
}

func run(args []string) (result, error) {
	if len(args) == 0 {
		return nil, fmt.Errorf("no command: want listen, dial, echo, record or bench")
	}
	switch command, rest := args[0], args[1:]; command {
	case "listen":
		return runListen(rest)
	case "dial":
		return runDial(rest)
	case "echo":
		return runEcho(rest)
	case "record":
		return runRecord(rest)
	case "bench":
		return runBench(rest)
	default:
		return nil, fmt.Errorf("unknown command %q: want listen, dial, echo, record or bench", command)
	}
}

func report(r result) {
	// The encoder writes a line in one piece; it can only fail when nobody reads
	// stdout any more, and then there is nobody to tell.
	_ = json.NewEncoder(os.Stdout).Encode(r)
}
