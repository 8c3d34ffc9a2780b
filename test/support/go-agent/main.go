// An agent in Go, to show that the handshake needs no library of ours: x/net/http2 served over x/net/websocket.
// `go-agent EDGE NAME RULE TARGET`, the token in POSTERN_TOKEN; prints the tunnel's host and port of each request.
package main

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"

	"golang.org/x/net/http2"
	"golang.org/x/net/websocket"
)

func main() {
	edge, name, rule, target := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	// The library always sends an Origin, and takes the one that it is given here.
	config, err := websocket.NewConfig(strings.Replace(edge, "http", "ws", 1)+"/.postern/link", edge)
	if err != nil {
		log.Fatal(err)
	}
	config.Protocol = []string{"postern.h2"}
	config.Header.Set("Authorization", "Bearer "+os.Getenv("POSTERN_TOKEN"))
	config.Header.Set("Postern-Agent", randomID())
	config.Header.Set("Postern-Tunnel", name)
	config.Header.Set("Postern-Allow", rule)
	webSocket, err := websocket.DialConfig(config)
	if err != nil {
		log.Fatal(err)
	}
	webSocket.PayloadType = websocket.BinaryFrame
	base, err := url.Parse(target)
	if err != nil {
		log.Fatal(err)
	}
	forward := httputil.NewSingleHostReverseProxy(base)
	handler := http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		fmt.Println("host " + request.Host)
		forward.ServeHTTP(response, request)
	})
	fmt.Println("online")
	(&http2.Server{}).ServeConn(webSocket, &http2.ServeConnOpts{Handler: handler})
}

func randomID() string {
	bytes := make([]byte, 16)
	if _, err := rand.Read(bytes); err != nil {
		log.Fatal(err)
	}
	return hex.EncodeToString(bytes)
}
