//go:build !lazyback

package main

// dialsBackAtOnce: Gitaly opened stream 2 as soon as it had accepted stream 1
// while it used grpc.Dial.
const dialsBackAtOnce = true
