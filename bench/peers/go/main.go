// A reverse proxy as Go's standard library has it, to compare with: `make bench` builds and starts it.
//
//	proxy http://127.0.0.1:8080
//
// It says where it listens, and ends when it is killed.
package main

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"sync"
)

// As many kept connections as there are clients: with the default of two per host, most requests would make a new one.
const kept = 1024

// Buffers that are used again, as its documentation advises.
type buffers struct{ sync.Pool }

func (b *buffers) Get() []byte  { return *b.Pool.Get().(*[]byte) }
func (b *buffers) Put(a []byte) { b.Pool.Put(&a) }

// Reads the request's body before it is passed on, as every gateway must that looks for a model in it. Without this, an
// answer that begins at once breaks off now and then: the server closes a body that it takes for unread, and that ends the
// connection to the upstream (Go 1.19).
func whole(next http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	}
}

func main() {
	upstream, err := url.Parse(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(upstream)
	// Every event leaves at once.
	proxy.FlushInterval = -1
	proxy.BufferPool = &buffers{sync.Pool{New: func() any { b := make([]byte, 32*1024); return &b }}}
	proxy.Transport = &http.Transport{
		MaxIdleConnsPerHost: kept,
		DisableCompression:  true,
		ForceAttemptHTTP2:   true,
		TLSClientConfig:     &tls.Config{InsecureSkipVerify: true},
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening", listener.Addr())
	log.Fatal(http.Serve(listener, whole(proxy)))
}
