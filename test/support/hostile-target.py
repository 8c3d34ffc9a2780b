"""A target on Python's own HTTP server that misbehaves by path. Prints its port as one JSON line."""
import json
import socket
import struct
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def respond(self, body, length=None, status=200):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def handle_path(self):
        act = self.path.split("?")[0].strip("/")
        if act == "early":  # before the body was read
            self.respond(b"no", status=413)
            self.close_connection = True
            return
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if act == "short":
            self.respond(b"part", length=10)
            self.close_connection = True
        elif act == "long":
            self.respond(b"okHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", length=2)
        elif act == "garbage":
            self.respond(b"ok\x00\xffgarbage\r\n\r\n", length=2)  # in one packet: later, it may meet another request
        elif act == "reset":
            self.respond(b"part", length=10)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
        elif act == "trickle":
            self.respond(b"", length=5)
            for byte in b"whole":
                self.wfile.write(bytes([byte]))
                time.sleep(0.02)
        elif act == "mute":  # closes without a word
            self.close_connection = True
        elif act == "close":  # keep-alive is what it says
            self.respond(b"ok")
            time.sleep(0.01)
            self.close_connection = True
        else:
            self.respond(self.path.encode())

    do_GET = do_POST = do_PUT = do_DELETE = handle_path

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass  # visitors leave


server = Server(("127.0.0.1", 0), Handler)
print(json.dumps({"port": server.server_address[1]}), flush=True)
server.serve_forever()
