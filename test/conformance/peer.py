"""The other end for `python.test.ts`, by the module h2: `peer.py server` prints its port and echoes every request with
trailers; `peer.py client PORT` asks the conformance server, checks what it is told and prints `ok`."""
import hashlib
import socket
import sys

import h2.config
import h2.connection
import h2.events


class Peer:
    """One connection; bodies are sent as the windows permit."""

    def __init__(self, sock, client_side):
        self.sock = sock
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=client_side, header_encoding="utf-8"))
        self.bodies, self.heads, self.trailers, self.ended, self.pending = {}, {}, {}, set(), {}
        self.resets = {}
        self.closed = False
        self.h2.initiate_connection()

    def write(self, stream, body, trailers=None):
        self.pending[stream] = [body, trailers]

    def flush(self):
        for stream, (body, trailers) in list(self.pending.items()):
            while body:
                room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size, len(body))
                if room <= 0:
                    break
                self.h2.send_data(stream, body[:room])
                body = body[room:]
            self.pending[stream][0] = body
            if not body:
                del self.pending[stream]
                if trailers:
                    self.h2.send_headers(stream, trailers, end_stream=True)
                else:
                    self.h2.end_stream(stream)
        self.sock.sendall(self.h2.data_to_send())

    def turn(self):
        self.flush()
        received = self.sock.recv(65536)
        if not received:
            self.closed = True
            return []
        events = self.h2.receive_data(received)
        for event in events:
            if isinstance(event, (h2.events.RequestReceived, h2.events.ResponseReceived)):
                self.heads[event.stream_id] = dict(event.headers)
            elif isinstance(event, h2.events.TrailersReceived):
                self.trailers[event.stream_id] = dict(event.headers)
            elif isinstance(event, h2.events.DataReceived):
                self.bodies[event.stream_id] = self.bodies.get(event.stream_id, b"") + event.data
                if event.flow_controlled_length:
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.StreamEnded):
                self.ended.add(event.stream_id)
            elif isinstance(event, h2.events.StreamReset):
                self.resets[event.stream_id] = event.error_code
                self.pending.pop(event.stream_id, None)
            elif isinstance(event, h2.events.ConnectionTerminated):
                self.closed = True
        return events


def serve():
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        sock, _ = listener.accept()
        peer = Peer(sock, False)
        answered = set()
        while not peer.closed:
            peer.turn()
            for stream in peer.ended - answered - set(peer.resets):
                answered.add(stream)
                body = peer.bodies.pop(stream, b"")
                if peer.heads[stream][":path"] == "/goaway":
                    peer.h2.close_connection(last_stream_id=stream)
                    peer.flush()
                    peer.closed = True
                    break
                if peer.heads[stream][":path"] == "/reset":
                    peer.h2.reset_stream(stream, 2)
                    continue
                peer.h2.send_headers(stream, [(":status", "103"), ("link", "</a>")])
                peer.h2.send_headers(stream, [(":status", "200"), ("x-sum", hashlib.sha256(body).hexdigest())])
                peer.write(stream, body, [("x-sum", hashlib.sha256(body).hexdigest())])
        sock.close()


def ask(port):
    peer = Peer(socket.create_connection(("127.0.0.1", port)), True)

    def request(method, path, body=None, trailers=None):
        stream = peer.h2.get_next_available_stream_id()
        head = [(":method", method), (":scheme", "http"), (":path", path), (":authority", "localhost"), ("cookie", "a=b")]
        peer.h2.send_headers(stream, head, end_stream=body is None)
        if body is not None:
            peer.write(stream, body, trailers)
        return stream

    def settle(streams):
        while not peer.closed and not set(streams) <= peer.ended | set(peer.resets):
            peer.turn()

    big = request("GET", "/big?bytes=3000000")
    up = request("POST", "/", b"u" * 3000000, [("x-sum", "1")])
    small = [request("GET", "/trailers") for _ in range(50)]
    settle([big, up, *small])
    assert peer.bodies[big] == b"postern " * 375000
    assert peer.bodies[up] == b"received 3000000 bytes\n"
    assert all(peer.trailers[stream] == {"x-received": "0"} for stream in small)
    gone = request("GET", "/big?bytes=9000000")
    peer.turn()
    peer.h2.reset_stream(gone)
    last = request("GET", "/")
    settle([last])
    assert peer.bodies[last] == b"received 0 bytes\n"
    peer.h2.close_connection()
    while not peer.closed:
        peer.turn()
    print("ok", flush=True)


serve() if sys.argv[1] == "server" else ask(int(sys.argv[2]))
