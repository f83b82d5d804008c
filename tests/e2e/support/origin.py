#!/usr/bin/env python3
"""The origin of the end-to-end tests: an HTTPS server that tells what reached it, and serves git repositories.

Usage: origin.py ADDRESS:PORT CERTIFICATE KEY [ADDRESS:PORT…]

Beside the certificate it appends to `origin.log` a JSON object for each connection that comes, {"came": PORT}, and one when
it is over: how many bytes came at first (none is the point of some tests), the server name of its hello, its requests. Paths below /git/ are answered by
`git http-backend` from the folder `git` beside the certificate.
"""
import http.server
import json
import os
import socket
import ssl
import subprocess
import sys
import threading

FOLDER = os.path.dirname(os.path.abspath(sys.argv[2]))
LOCK = threading.Lock()


def note(entry):
    with LOCK, open(os.path.join(FOLDER, "origin.log"), "a", encoding="utf-8") as log:
        log.write(json.dumps(entry) + "\n")


class Origin(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def answer(self, status, headers, body):
        self.server.requests[self.connection].append(f"{self.command} {self.path} {status}")
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def git(self):
        path, _, query = self.path.partition("?")
        environment = {
            **os.environ, "GIT_PROJECT_ROOT": os.path.join(FOLDER, "git"), "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path[len("/git"):], "QUERY_STRING": query, "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""), "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""), "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*",
        }
        body = self.body()
        environment["CONTENT_LENGTH"] = str(len(body))
        done = subprocess.run(["git", "http-backend"], input=body, env=environment, stdout=subprocess.PIPE, check=True)
        head, _, out = done.stdout.partition(b"\r\n\r\n")
        headers = [tuple(line.split(": ", 1)) for line in head.decode().split("\r\n")]
        status = next((int(value.split()[0]) for name, value in headers if name == "Status"), 200)
        self.answer(status, [header for header in headers if header[0] != "Status"], out)

    def do_GET(self):
        if self.path.startswith("/git/"):
            return self.git()
        self.answer(200, [("Content-Type", "text/plain")], f"hello from {self.headers.get('Host', '?')}{self.path}\n".encode())

    def do_POST(self):
        if self.path.startswith("/git/"):
            return self.git()
        body = self.body()
        self.answer(200, [("Content-Type", "text/plain")], f"{len(body)} bytes for {self.headers.get('Host', '?')}{self.path}\n".encode())

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, endpoint, context):
        address, port = endpoint.rsplit(":", 1)
        self.address_family = socket.AF_INET6 if "[" in address else socket.AF_INET
        self.context = context
        self.requests = {}
        super().__init__((address.strip("[]"), int(port)), Origin)

    # On the connection's own thread, since a peer may never say anything.
    def process_request_thread(self, connection, client_address):
        note({"came": self.server_address[1]})
        entry = {"port": self.server_address[1], "bytes": 0, "serverName": None, "requests": []}
        try:
            entry["bytes"] = len(connection.recv(16384, socket.MSG_PEEK))
            if entry["bytes"]:
                secured = self.context.wrap_socket(connection, server_side=True)
                entry["serverName"] = getattr(secured, "server_name_seen", None)
                self.requests[secured] = entry["requests"]
                connection = secured
                self.finish_request(secured, client_address)
        except OSError as error:
            entry["error"] = str(error)
        finally:
            self.requests.pop(connection, None)
            self.shutdown_request(connection)
            note(entry)


def note_server_name(connection, name, _):
    connection.server_name_seen = name


def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    context.sni_callback = note_server_name
    for endpoint in [sys.argv[1], *sys.argv[4:]]:
        threading.Thread(target=Server(endpoint, context).serve_forever).start()
    print("ready", flush=True)


main()
