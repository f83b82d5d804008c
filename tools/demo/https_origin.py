#!/usr/bin/env python3
"""An HTTPS origin for demonstrations and tests: answers every GET and POST with one line that names the host.

Usage: https_origin.py ADDRESS:PORT CERTIFICATE KEY [ADDRESS:PORT…]
"""
import http.server
import socket
import ssl
import sys
import threading


class Origin(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = f"hello from {self.headers.get('Host', '?')}{self.path}\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def log_message(self, *_):
        pass


def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    for endpoint in [sys.argv[1], *sys.argv[4:]]:
        address, port = endpoint.rsplit(":", 1)
        http.server.ThreadingHTTPServer.address_family = socket.AF_INET6 if "[" in address else socket.AF_INET
        server = http.server.ThreadingHTTPServer((address.strip("[]"), int(port)), Origin)
        # The handshake belongs to the connection's thread, not to the accept loop.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever).start()
    print("ready", flush=True)


main()
