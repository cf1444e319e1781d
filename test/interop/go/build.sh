#!/bin/sh
# Builds the peer three times: bin/peer with current modules, bin/peer-gitaly14
# with the yamux that Gitaly 14.0 to 15.0 was built with, and bin/peer-gitaly18
# with the two that Gitaly 18 is built with.
set -eu
cd "$(dirname "$0")"

build() {
  CGO_ENABLED=0 go build -trimpath -buildvcs=false -modfile="$1" -o "$2" -tags="${3:-}" .
}

build go.mod bin/peer
build go.gitaly14.mod bin/peer-gitaly14
build go.gitaly18.mod bin/peer-gitaly18 gitaly18
