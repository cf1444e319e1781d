//go:build lazyback

package main

// dialsBackAtOnce: with grpc.NewClient Gitaly opens stream 2 for its first call.
const dialsBackAtOnce = false
