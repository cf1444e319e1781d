#!/bin/sh
# Builds the peer four times: bin/peer with current modules, and three with the
# yamux and the grpc-go of a time of Gitaly's. See README.md.
set -eu
cd "$(dirname "$0")"

# build MODULES OUTPUT TAGS
build() {
  CGO_ENABLED=0 go build -trimpath -buildvcs=false -modfile="$1" -o "$2" -tags="$3" .
}

build go.mod bin/peer ''
build go.gitaly14.mod bin/peer-gitaly14 grpc138
build go.gitaly18.mod bin/peer-gitaly18-libp2p lazyback,libp2p
build go.gitaly18.mod bin/peer-gitaly18 lazyback
