#!/usr/bin/env python3
"""A name server for demonstrations and tests: answers A and AAAA from a table, over UDP and TCP, and logs each question.

Usage: dns_server.py ADDRESS:PORT ZONE_FILE [LOG_FILE]

The zone file has lines of `name type value`: `a.example.org A 23.0.0.10`, `b.example.org CNAME c.example.org`,
`d.example.org ERROR SERVFAIL`. It is read again for each question. Names not listed do not exist.
"""
import ipaddress
import socketserver
import struct
import sys
import threading

TYPES = {"A": 1, "CNAME": 5, "AAAA": 28}
ERRORS = {"SERVFAIL": 2, "NXDOMAIN": 3, "REFUSED": 5}


def read_zone(path):
    zone = {}
    with open(path, encoding="ascii") as lines:
        for line in lines:
            fields = line.split("#")[0].split()
            if len(fields) == 3:
                zone.setdefault(fields[0].lower(), []).append((fields[1], fields[2]))
    return zone


def encode_name(name):
    return b"".join(bytes([len(label)]) + label.encode("ascii") for label in name.rstrip(".").split(".")) + b"\0"


def decode_question(message):
    labels, at = [], 12
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]].decode("latin-1"))
        at += 1 + message[at]
    kind, = struct.unpack("!H", message[at + 1:at + 3])
    return ".".join(labels), kind, at + 5


def record(name, kind, value):
    if kind == "CNAME":
        data = encode_name(value)
    else:
        data = ipaddress.ip_address(value).packed
    return encode_name(name) + struct.pack("!HHIH", TYPES[kind], 1, 30, len(data)) + data


def answer(message, zone, log):
    name, kind, end = decode_question(message)
    log(f"{name} {kind}")
    code, answers, at, seen = 0, [], name.lower(), set()
    while True:
        entries = zone.get(at)
        if entries is None:
            code = 3
            break
        error = next((value for what, value in entries if what == "ERROR"), None)
        if error:
            code = ERRORS[error]
            break
        alias = next((value for what, value in entries if what == "CNAME"), None)
        if alias is None or at in seen:
            answers += [record(at, what, value) for what, value in entries if TYPES.get(what) == kind]
            break
        seen.add(at)
        answers.append(record(at, "CNAME", alias))
        at = alias.lower()
    flags = 0x8180 | code
    return message[:2] + struct.pack("!HHHHH", flags, 1, len(answers), 0, 0) + message[12:end] + b"".join(answers)


def main():
    address, port = sys.argv[1].rsplit(":", 1)
    log_file = open(sys.argv[3], "a", encoding="ascii", errors="replace") if len(sys.argv) > 3 else None
    lock = threading.Lock()

    def log(line):
        if log_file:
            with lock:
                log_file.write(line + "\n")
                log_file.flush()

    def reply(message):
        return answer(message, read_zone(sys.argv[2]), log)

    class Udp(socketserver.BaseRequestHandler):
        def handle(self):
            self.request[1].sendto(reply(self.request[0]), self.client_address)

    class Tcp(socketserver.StreamRequestHandler):
        def handle(self):
            length, = struct.unpack("!H", self.rfile.read(2))
            message = reply(self.rfile.read(length))
            self.wfile.write(struct.pack("!H", len(message)) + message)

    family = socketserver.socket.AF_INET6 if ":" in address.strip("[]") else socketserver.socket.AF_INET
    for server, base in ((socketserver.ThreadingUDPServer, Udp), (socketserver.ThreadingTCPServer, Tcp)):
        server.address_family = family
        server.allow_reuse_address = True
        server.daemon_threads = True
        threading.Thread(target=server((address.strip("[]"), int(port)), base).serve_forever, daemon=False).start()
    print("ready", flush=True)


main()
