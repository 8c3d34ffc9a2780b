// The textbook tunnel of Go: x/net/http2 over x/net/websocket, defaults everywhere, no gate. Its visitors may speak HTTP/2: over
// clear text with prior knowledge (x/net/http2/h2c), over TLS as net/http does by itself.
// `go-tunnel edge PORT TLS-PORT CERTIFICATE KEY` and `go-tunnel agent EDGE TARGET`; each prints `ready`.
package main

import (
	"crypto/tls"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync/atomic"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/h2c"
	"golang.org/x/net/websocket"
)

func main() {
	if os.Args[1] == "edge" {
		runEdge(os.Args[2], os.Args[3], os.Args[4], os.Args[5])
	} else {
		runAgent(os.Args[2], os.Args[3])
	}
}

func runEdge(port, tlsPort, certificate, key string) {
	var link atomic.Pointer[http2.ClientConn]
	transport := &http2.Transport{AllowHTTP: true, DisableCompression: true}
	visitors := &httputil.ReverseProxy{
		Director: func(request *http.Request) {
			request.URL.Scheme, request.URL.Host = "http", request.Host
		},
		Transport: roundTripper(func(request *http.Request) (*http.Response, error) {
			return link.Load().RoundTrip(request)
		}),
		ErrorLog: log.New(os.Stderr, "", 0),
	}
	agents := websocket.Server{Handler: func(webSocket *websocket.Conn) {
		webSocket.PayloadType = websocket.BinaryFrame
		gone := make(chan struct{})
		connection, err := transport.NewClientConn(&watched{Conn: webSocket, gone: gone})
		if err != nil {
			log.Fatal(err)
		}
		link.Store(connection)
		<-gone
	}}
	handler := http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		if request.URL.Path == "/link" {
			agents.ServeHTTP(response, request)
		} else {
			visitors.ServeHTTP(response, request)
		}
	})
	clear, secure := listen(port), listen(tlsPort)
	fmt.Println("ready")
	go func() { log.Fatal(http.ServeTLS(secure, handler, certificate, key)) }()
	log.Fatal(http.Serve(clear, h2c.NewHandler(handler, &http2.Server{})))
}

func listen(port string) net.Listener {
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		log.Fatal(err)
	}
	return listener
}

func runAgent(edge, target string) {
	address := strings.Replace(edge, "http", "ws", 1) + "/link"
	config, err := websocket.NewConfig(address, edge)
	if err != nil {
		log.Fatal(err)
	}
	config.TlsConfig = &tls.Config{InsecureSkipVerify: true}
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
	// Go keeps two idle connections for each host by default, which would measure dialling.
	forward.Transport = &http.Transport{MaxIdleConnsPerHost: 1024, DisableCompression: true}
	forward.ErrorLog = log.New(os.Stderr, "", 0)
	fmt.Println("ready")
	(&http2.Server{}).ServeConn(webSocket, &http2.ServeConnOpts{Handler: forward})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (call roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return call(request) }

// The WebSocket lives as long as the function that was given it; this tells that function when HTTP/2 has closed it.
type watched struct {
	net.Conn
	gone chan struct{}
	once int32
}

func (connection *watched) Close() error {
	if atomic.CompareAndSwapInt32(&connection.once, 0, 1) {
		close(connection.gone)
	}
	return connection.Conn.Close()
}
