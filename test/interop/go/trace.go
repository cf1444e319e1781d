package main

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
)

// trace is the golden file: everything that two Go ends said to each other.
type trace struct {
	Description   string          `json:"description"`
	Yamux         string          `json:"yamux"`
	ListenerYamux string          `json:"listenerYamux,omitempty"` // if it is another one
	GRPC          string          `json:"grpc"`
	Dialer        sessionSettings `json:"dialer"`
	Listener      sessionSettings `json:"listener"`
	ClosedBy      string          `json:"closedBy"`
	Frames        []tracedFrame   `json:"frames"`

	mu sync.Mutex
}

// tracedFrame is one whole yamux frame, or the magic.
type tracedFrame struct {
	From string `json:"from"` // "dialing" or "listening"
	Is   string `json:"is"`   // for human readers, see describe
	Hex  string `json:"hex"`
}

// add is called before the frame is passed on, which puts cause before effect:
// an answer is never listed ahead of what it answers.
func (t *trace) add(frame tracedFrame) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.Frames = append(t.Frames, frame)
}

func (t *trace) write(file string) error {
	text, err := json.MarshalIndent(t, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}

const (
	headerSize = 12
	typeData   = 0
)

// readFrame reads one yamux frame with its payload.
func readFrame(r io.Reader) ([]byte, error) {
	frame := make([]byte, headerSize)
	if _, err := io.ReadFull(r, frame); err != nil {
		return nil, err
	}
	if frame[1] != typeData {
		return frame, nil // the length is a number here, not the size of anything
	}
	payload := make([]byte, binary.BigEndian.Uint32(frame[8:]))
	if _, err := io.ReadFull(r, payload); err != nil {
		return nil, err
	}
	return append(frame, payload...), nil
}

// describe names a frame as docs and tests do: type(flags,stream,length).
func describe(frame []byte) string {
	types := []string{"D", "W", "P", "G"} // DATA, WINDOW UPDATE, PING, GOAWAY
	flagNames := []string{"SYN", "ACK", "FIN", "RST"}

	name := fmt.Sprintf("type%d", frame[1])
	if int(frame[1]) < len(types) {
		name = types[frame[1]]
	}
	var flags []string
	for bit, flag := range flagNames {
		if binary.BigEndian.Uint16(frame[2:])&(1<<bit) != 0 {
			flags = append(flags, flag)
		}
	}
	if flags == nil {
		flags = []string{"0"}
	}
	return fmt.Sprintf("%s(%s,%d,%d)", name, strings.Join(flags, "|"),
		binary.BigEndian.Uint32(frame[4:]), binary.BigEndian.Uint32(frame[8:]))
}

// relay passes on what one side says, frame by frame, until it has no more to
// say or nobody listens.
func (t *trace) relay(from string, src io.Reader, dst io.Writer) {
	if from == "dialing" {
		head := make([]byte, len(magic))
		if _, err := io.ReadFull(src, head); err != nil {
			return
		}
		t.add(tracedFrame{From: from, Is: "magic", Hex: hex.EncodeToString(head)})
		if _, err := dst.Write(head); err != nil {
			return
		}
	}
	for {
		frame, err := readFrame(src)
		if err != nil {
			return
		}
		t.add(tracedFrame{From: from, Is: describe(frame), Hex: hex.EncodeToString(frame)})
		if _, err := dst.Write(frame); err != nil {
			return
		}
	}
}
