// A long path: a TCP relay whose connections have a round-trip time, a rate and a bounded queue in front of it, each connection
// its own. What wan.ts does within Node, for a third of the processor time and in memory that is used again, both of which the
// ends of the path need. `go-path PORT RTT-IN-MS BITS-PER-SECOND` prints the port that leads to PORT.
package main

import (
	"fmt"
	"log"
	"net"
	"os"
	"strconv"
	"sync"
	"time"
)

// As in wan.ts: what a router in front of the slow part would hold.
const queue = 20 * time.Millisecond

const readBytes = 64 * 1024

var buffers = sync.Pool{New: func() any { return make([]byte, readBytes) }}

type path struct {
	oneWay      time.Duration
	bytesPerSec float64
}

type parcel struct {
	due   time.Time
	bytes []byte
}

func main() {
	to := "127.0.0.1:" + os.Args[1]
	p := path{time.Duration(number(os.Args[2])) * time.Millisecond / 2, float64(number(os.Args[3])) / 8}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	for {
		near, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go p.join(near.(*net.TCPConn), to)
	}
}

func number(text string) int {
	value, err := strconv.Atoi(text)
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func (p path) join(near *net.TCPConn, to string) {
	connection, err := net.Dial("tcp", to)
	if err != nil {
		near.Close()
		return
	}
	far := connection.(*net.TCPConn)
	go p.carry(near, far)
	p.carry(far, near)
}

// One direction. Its end passes alone; when an end breaks off, so does the other.
func (p path) carry(from, to *net.TCPConn) {
	// As much as is in flight and in the queue: then a receiver that does not read stops the sender.
	most := int(p.bytesPerSec*(p.oneWay+queue).Seconds())/readBytes + 2
	inFlight := make(chan parcel, most)
	go deliver(inFlight, from, to)
	left := time.Now()
	for {
		bytes := buffers.Get().([]byte)
		count, err := from.Read(bytes)
		if err != nil {
			close(inFlight)
			return
		}
		now := time.Now()
		if left.Before(now) {
			left = now
		}
		left = left.Add(time.Duration(float64(count) / p.bytesPerSec * float64(time.Second)))
		inFlight <- parcel{left.Add(p.oneWay), bytes[:count]}
		time.Sleep(time.Until(left.Add(-queue)))
	}
}

func deliver(inFlight <-chan parcel, from, to *net.TCPConn) {
	for next := range inFlight {
		time.Sleep(time.Until(next.due))
		if _, err := to.Write(next.bytes); err != nil {
			from.Close()
			break
		}
		buffers.Put(next.bytes[:cap(next.bytes)])
	}
	for range inFlight { // what can no longer arrive
	}
	to.CloseWrite()
}
