#!/usr/bin/env python3
"""The upstream of the broker's benchmark: nginx with a constant Anthropic answer over TLS, in place of the demonstration's origin.

Usage: broker_origin.py ADDRESS:PORT CERTIFICATE KEY [ADDRESS:PORT…]
"""
import os
import socket
import subprocess
import sys
import tempfile
import time

address, certificate, key = sys.argv[1:4]
answer = ('{"id":"msg_01","type":"message","role":"assistant","model":"claude-bench","stop_reason":"end_turn","stop_sequence":null,'
          '"content":[{"type":"text","text":"' + "hello " * 100 + '"}],"usage":{"input_tokens":11,"output_tokens":5}}')
work = tempfile.mkdtemp(dir=os.path.dirname(os.path.abspath(certificate)))
with open(f"{work}/nginx.conf", "w", encoding="utf-8") as out:
    out.write(f"""worker_processes 1; daemon off; error_log {work}/nginx.log; pid {work}/nginx.pid;
events {{ worker_connections 1024; }}
http {{ access_log off; keepalive_requests 100000000; client_body_temp_path {work}; proxy_temp_path {work}; fastcgi_temp_path {work};
  uwsgi_temp_path {work}; scgi_temp_path {work};
  server {{ listen {address} ssl; ssl_certificate {certificate}; ssl_certificate_key {key};
    location / {{ default_type application/json; return 200 '{answer}'; }} }} }}
""")
server = subprocess.Popen(["nginx", "-c", f"{work}/nginx.conf"])
host, port = address.rsplit(":", 1)
for _ in range(200):
    with socket.socket() as probe:
        if probe.connect_ex((host, int(port))) == 0:
            break
    time.sleep(0.05)
print("ready", flush=True)
sys.exit(server.wait())
