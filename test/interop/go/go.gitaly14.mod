module nestjs-backchannel/interop

go 1.26.0

require (
	github.com/hashicorp/yamux v0.0.0-20210316155119-a95892c5f864
	github.com/libp2p/go-yamux/v5 v5.1.0
	google.golang.org/grpc v1.38.0
	google.golang.org/protobuf v1.36.12
)

require (
	cloud.google.com/go v0.26.0 // indirect
	github.com/golang/protobuf v1.5.0 // indirect
	github.com/libp2p/go-buffer-pool v0.0.2 // indirect
	golang.org/x/net v0.0.0-20190311183353-d8887717615a // indirect
	golang.org/x/oauth2 v0.0.0-20180821212333-d2e6202438be // indirect
	golang.org/x/sys v0.0.0-20190215142949-d0b11bdaac8a // indirect
	golang.org/x/text v0.3.0 // indirect
	google.golang.org/appengine v1.4.0 // indirect
	google.golang.org/genproto v0.0.0-20200526211855-cb27e3aa2013 // indirect
)
