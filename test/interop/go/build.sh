#!/bin/sh
# Builds the peer twice: bin/peer with current modules, and bin/peer-gitaly14
# with the yamux that Gitaly 14.0 to 15.0 was built with.
set -eu
cd "$(dirname "$0")"

build() {
  CGO_ENABLED=0 go build -trimpath -buildvcs=false -modfile="$1" -o "$2" .
}

build go.mod bin/peer
build go.gitaly14.mod bin/peer-gitaly14
