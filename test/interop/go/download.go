package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"nestjs-backchannel/interop/pb"
)

// pattern returns the bytes at [offset, offset+size) of the endless test data.
// Neighbours differ, so that lost, doubled and swapped bytes show.
func pattern(offset uint64, size int) []byte {
	data := make([]byte, size)
	for i := range data {
		data[i] = patternAt(offset + uint64(i))
	}
	return data
}

func patternAt(offset uint64) byte { return byte(offset*31 + 7) }

// downloadAndVerify calls Download and checks every byte as it comes.
func downloadAndVerify(ctx context.Context, from pb.PayloadClient, request *pb.DownloadRequest) (*pb.Summary, error) {
	blobs, err := from.Download(ctx, request)
	if err != nil {
		return nil, err
	}
	var received uint64
	sum := sha256.New()
	for {
		blob, err := blobs.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		for _, b := range blob.GetData() {
			if b != patternAt(received) {
				return nil, fmt.Errorf("wrong byte at offset %d: got %#02x, want %#02x", received, b, patternAt(received))
			}
			received++
		}
		sum.Write(blob.GetData())
	}
	if received != request.GetBytes() {
		return nil, fmt.Errorf("got %d bytes, want %d", received, request.GetBytes())
	}
	return &pb.Summary{Bytes: received, Sha256: hex.EncodeToString(sum.Sum(nil))}, nil
}
