#!/usr/bin/env python3
"""A stand-in for a model's API: it speaks Anthropic's Messages wire format over TLS, plain and streamed, and is no model. It
answers whoever shows the key in KEY_FILE, which it gives to nobody, and says in each answer what it is.

Usage: model_stand_in.py ADDRESS:PORT CERTIFICATE KEY KEY_FILE
"""
import http.server
import json
import secrets
import ssl
import sys
import threading

with open(sys.argv[4], encoding="ascii") as file:
    WANTED = file.read().strip()
WORDS = ["This", " is", " no", " model:", " a", " stand-in", " of", " the", " demonstration", " answers."]


def message(asked):
    size = len(json.dumps(asked.get("messages", [])))
    return {"id": f"msg_standin_{secrets.token_hex(8)}", "type": "message", "role": "assistant", "model": asked.get("model", ""),
            "content": [{"type": "text", "text": "".join(WORDS)}], "stop_reason": "end_turn", "stop_sequence": None,
            "usage": {"input_tokens": max(1, size // 4), "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
                      "output_tokens": len(WORDS), "service_tier": "standard"}}


def events(asked):
    whole = message(asked)
    yield {"type": "message_start", "message": {**whole, "content": [], "stop_reason": None, "usage": {**whole["usage"], "output_tokens": 1}}}
    yield {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    for word in WORDS:
        yield {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}}
    yield {"type": "content_block_stop", "index": 0}
    yield {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": len(WORDS)}}
    yield {"type": "message_stop"}


class StandIn(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not secrets.compare_digest(self.headers.get("x-api-key", ""), WANTED):
            return self.answer(401, {"type": "error", "error": {"type": "authentication_error", "message": "invalid x-api-key"}})
        if self.path != "/v1/messages":
            return self.answer(404, {"type": "error", "error": {"type": "not_found_error", "message": "a stand-in has only /v1/messages"}})
        asked = json.loads(body)
        if not asked.get("stream"):
            return self.answer(200, message(asked))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in events(asked):
            part = f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        self.wfile.write(b"0\r\n\r\n")
        return None

    def do_GET(self):
        self.answer(404, {"type": "error", "error": {"type": "not_found_error", "message": "a stand-in has only /v1/messages"}})

    def answer(self, status, value):
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    address, port = sys.argv[1].rsplit(":", 1)
    server = http.server.ThreadingHTTPServer((address, int(port)), StandIn)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever).start()
    print("ready", flush=True)


main()
