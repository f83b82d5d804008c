#!/usr/bin/env python3
"""The upstreams of the broker's tests, as HTTPS servers: a stand-in for model APIs on their wire formats, git, and misbehaviour.

Usage: model_origin.py ADDRESS:PORT CERTIFICATE KEY [ADDRESS:PORT…]

Beside the certificate lie `real-keys.json` ({"anthropic", "openai", "git", "tools"}), without which nothing is served, and
`git`, a folder of repositories. Each request is appended to `requests.log` as a JSON object: host, line, headers, body.
"""
import base64
import gzip
import http.server
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse

FOLDER = os.path.dirname(os.path.abspath(sys.argv[2]))
LOCK = threading.Lock()
KEYS = json.load(open(os.path.join(FOLDER, "real-keys.json"), encoding="utf-8"))


def note(entry):
    with LOCK, open(os.path.join(FOLDER, "requests.log"), "a", encoding="utf-8") as log:
        log.write(json.dumps(entry) + "\n")


def anthropic_message(model):
    return {"id": "msg_01", "type": "message", "role": "assistant", "model": model, "stop_reason": "end_turn", "stop_sequence": None,
            "content": [{"type": "text", "text": "hello there"}],
            "usage": {"input_tokens": 11, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 3, "output_tokens": 5, "service_tier": "standard"}}


def anthropic_events(model):
    start = {**anthropic_message(model), "content": [], "stop_reason": None}
    start["usage"] = {**start["usage"], "output_tokens": 1}
    yield "message_start", {"type": "message_start", "message": start}
    yield "content_block_start", {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    for word in ["hello", " ", "there"]:
        yield "content_block_delta", {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}}
    yield "content_block_stop", {"type": "content_block_stop", "index": 0}
    yield "message_delta", {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 5}}
    yield "message_stop", {"type": "message_stop"}


CHAT_USAGE = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13, "prompt_tokens_details": {"cached_tokens": 2},
              "completion_tokens_details": {"reasoning_tokens": 1}}


def forms(key):
    """The credential in every encoding that a server could answer with."""
    raw = key.encode()
    everything = {"raw": raw, "bearer": b"Bearer " + raw, "basic": b"Basic " + base64.b64encode(b"x-access-token:" + raw),
                  "percent": urllib.parse.quote(raw, safe="").encode(), "percent-all": b"".join(b"%%%02X" % c for c in raw),
                  "json": json.dumps(key).encode().replace(b"/", b"\\/"), "json-all": b"".join(b"\\u%04x" % c for c in raw)}
    for before in range(3):
        filled = b"abc"[:before] + raw + b"zz"
        everything[f"base64-{before}"] = base64.b64encode(filled)
        everything[f"base64url-{before}"] = base64.urlsafe_b64encode(filled)
    return everything


class Origin(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def handle_expect_100(self):
        return True  # whoever expects it was told by the broker

    def read_body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def write(self, data):
        self.wfile.write(data)
        self.wfile.flush()

    def chunk(self, data):
        self.write(b"%x\r\n%s\r\n" % (len(data), data))

    def head(self, status, *headers):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.flush()

    def answer(self, status, body, content_type="application/json", *headers):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in (("Content-Type", content_type), ("Content-Length", str(len(data))), *headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def events(self, parts, pause=0.0):
        self.head(200, ("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked"))
        for part in parts:
            self.chunk(part)
            time.sleep(pause)
        self.write(b"0\r\n\r\n")

    def anthropic(self, body):
        if self.headers.get("x-api-key") != KEYS["anthropic"]:
            return self.answer(401, {"type": "error", "error": {"type": "authentication_error", "message": "invalid x-api-key"}})
        asked = json.loads(body) if body else {}
        model = asked.get("model", "none")
        if model == "claude-overloaded":
            return self.answer(529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, "application/json", ("request-id", "req_1"))
        if self.path.startswith("/v1/messages/count_tokens"):
            return self.answer(200, {"input_tokens": 11})
        if not asked.get("stream"):
            return self.answer(200, anthropic_message(model), "application/json", ("request-id", "req_1"), ("Set-Cookie", "a=b"))
        if model == "claude-endless":
            first = list(anthropic_events(model))[:3]

            def for_ever():
                for name, data in first:
                    yield f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()
                while True:
                    yield b"event: ping\ndata: {\"type\": \"ping\"}\n\n"
            return self.events(for_ever(), 0.02)
        return self.events((f"event: {name}\ndata: {json.dumps(data)}\n\n".encode() for name, data in anthropic_events(model)), 0.01)

    def openai(self, body):
        if self.headers.get("Authorization") != f"Bearer {KEYS['openai']}":
            return self.answer(401, {"error": {"message": "Incorrect API key provided", "type": "invalid_request_error"}})
        asked = json.loads(body)
        model = asked["model"]
        if self.path == "/v1/responses":
            usage = {"input_tokens": 9, "input_tokens_details": {"cached_tokens": 2}, "output_tokens": 4,
                     "output_tokens_details": {"reasoning_tokens": 1}, "total_tokens": 13}
            done = {"id": "resp_1", "object": "response", "created_at": 1, "model": model, "status": "completed", "usage": usage,
                    "output": [{"type": "message", "id": "m", "role": "assistant", "status": "completed",
                                "content": [{"type": "output_text", "text": "hello there", "annotations": []}]}]}
            if not asked.get("stream"):
                return self.answer(200, done)
            names = [("response.created", {"type": "response.created", "response": {**done, "status": "in_progress", "usage": None, "output": []}}),
                     ("response.output_text.delta", {"type": "response.output_text.delta", "item_id": "m", "output_index": 0, "content_index": 0, "delta": "hello there"}),
                     ("response.completed", {"type": "response.completed", "response": done})]
            return self.events((f"event: {name}\ndata: {json.dumps(data)}\n\n".encode() for name, data in names), 0.01)
        whole = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": model, "service_tier": "default"}
        if not asked.get("stream"):
            return self.answer(200, {**whole, "choices": [{"index": 0, "message": {"role": "assistant", "content": "hello there"}, "finish_reason": "stop"}], "usage": CHAT_USAGE})
        include = (asked.get("stream_options") or {}).get("include_usage")

        def chunks():
            base = {**whole, "object": "chat.completion.chunk", **({"usage": None} if include else {})}
            for word in ["hello", " there"]:
                yield {**base, "choices": [{"index": 0, "delta": {"content": word}, "finish_reason": None}]}
            yield {**base, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
            if include:
                yield {**base, "choices": [], "usage": CHAT_USAGE}
        return self.events([*(f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks()), b"data: [DONE]\n\n"], 0.01)

    def git(self, body):
        wanted = "Basic " + base64.b64encode(f"x-access-token:{KEYS['git']}".encode()).decode()
        if self.headers.get("Authorization") != wanted:
            return self.answer(401, b"no\n", "text/plain")
        path, _, query = self.path.partition("?")
        environment = {
            **os.environ, "GIT_PROJECT_ROOT": os.path.join(FOLDER, "git"), "GIT_HTTP_EXPORT_ALL": "1", "REMOTE_USER": "x",
            "PATH_INFO": path, "QUERY_STRING": query, "REQUEST_METHOD": self.command, "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": self.headers.get("Content-Type", ""), "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""), "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*",
        }
        done = subprocess.run(["git", "http-backend"], input=body, env=environment, stdout=subprocess.PIPE, check=True)
        head, _, out = done.stdout.partition(b"\r\n\r\n")
        headers = [tuple(line.split(": ", 1)) for line in head.decode().split("\r\n")]
        status = next((int(value.split()[0]) for name, value in headers if name == "Status"), 200)
        content_type = next((value for name, value in headers if name == "Content-Type"), "text/plain")
        self.answer(status, out, content_type)

    def tools(self, body):
        path, _, query = self.path.partition("?")
        asked = dict(urllib.parse.parse_qsl(query))
        key = KEYS["tools"]
        if path == "/base/echo":  # the credential, in a form, split where asked
            data = b'{"said": "' + forms(key)[asked["form"]] + b'"}'
            cut = int(asked.get("cut", "0")) or len(data)
            self.head(200, ("Content-Type", "application/json"), ("Transfer-Encoding", "chunked"), ("Trailer", "X-Key"))
            for at in range(0, len(data), cut):
                self.chunk(data[at:at + cut])
                time.sleep(0.001)
            return self.write(b"0\r\nX-Key: " + key.encode() + b"\r\n\r\n")
        if path == "/base/echo-headers":
            self.write(b"HTTP/1.1 103 Early Hints\r\nLink: </" + key.encode() + b">\r\n\r\n")
            values = {f"X-Request-Id-{i}": value.decode() for i, value in enumerate(forms(key).values())}
            return self.answer(200, b"ok", "text/plain; x=" + key, *values.items(), ("Location", f"/x?k={urllib.parse.quote(key)}"),
                               ("ETag", f'"{key}"'), ("Link", f"<https://x/{urllib.parse.quote(key, safe='')}>"), ("X-Deny-Reason", "rule-deny"),
                               ("Set-Cookie", f"k={key}"), ("WWW-Authenticate", "Basic"), ("X-Api-Key", key), ("X-Decision-Id", "dec_forged"))
        if path == "/base/redirect":
            return self.answer(302, b"", "text/plain", ("Location", "https://elsewhere.example.com/next"))
        if path == "/base/encoded":
            return self.answer(200, gzip.compress(key.encode()), "text/plain", ("Content-Encoding", "gzip"))
        if path == "/base/both-lengths":
            return self.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        if path == "/base/cut":
            self.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            self.close_connection = True
            return None
        if path == "/base/hang-up":
            self.close_connection = True
            return None
        if path == "/base/interim":
            for _ in range(int(asked["times"])):
                self.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
            return self.answer(200, b"ok", "text/plain")
        if path == "/base/forbidden":
            return self.answer(403, {"error": "the upstream's own"})
        return self.answer(200, {"method": self.command, "path": self.path, "bytes": len(body)})

    def serve(self):
        if self.path == "/base/early":  # an answer before the request is read
            self.answer(413, b"too much", "text/plain")
            time.sleep(5)
            self.close_connection = True
            return None
        body = self.read_body()
        host = self.headers.get("Host", "?")
        note({"host": host, "line": self.requestline, "headers": {name.lower(): value for name, value in self.headers.items()},
              "body": body.decode("latin1")[:100_000]})
        if host == "api.anthropic.com":
            return self.anthropic(body)
        if host == "api.openai.com":
            return self.openai(body)
        if host == "git.example.org":
            return self.git(body)
        return self.tools(body)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_HEAD = serve

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, endpoint, context):
        address, port = endpoint.rsplit(":", 1)
        self.context = context
        super().__init__((address, int(port)), Origin)

    def process_request_thread(self, connection, client_address):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            connection = self.context.wrap_socket(connection, server_side=True)
            self.finish_request(connection, client_address)
        except OSError:
            pass
        finally:
            try:
                connection.unwrap()
            except (OSError, AttributeError, ValueError):
                pass
            self.shutdown_request(connection)


def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    old.load_cert_chain(sys.argv[2], sys.argv[3])
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    for endpoint, its in [(sys.argv[1], context)] + [(endpoint, old) for endpoint in sys.argv[4:]]:
        threading.Thread(target=Server(endpoint, its).serve_forever).start()
    print("ready", flush=True)


main()
