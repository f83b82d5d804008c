#!/usr/bin/env python3
"""What an orchestrator does for a new sandbox: ends what was bound to its addresses, binds its session to them, and gets the
supervisor's token. Prints that token. Without addresses it only gets the next token.

Usage: session.py PDP_URL CREDENTIAL_FILE SESSION [ADDRESS…]
"""
import json
import sys
import urllib.request

url, credential_file, session, *addresses = sys.argv[1:]
with open(credential_file, encoding="ascii") as file:
    credential = file.read().strip()


def ask(method, path, body=None):
    request = urllib.request.Request(url + path, method=method, data=None if body is None else json.dumps(body).encode(), headers={
        "Authorization": f"Bearer {credential}", "Content-Type": "application/json"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
        return json.load(answer)


def bind():
    after = ""
    while True:
        page = ask("GET", f"/v1/sessions?state=live&limit=100{after}")
        for each in page["sessions"]:
            if each["id"] != session and set(each.get("addresses", [])) & set(addresses):
                ask("POST", f"/v1/sessions/{each['id']}/end", {"reason": "its sandbox is gone"})
        if "next" not in page:
            break
        after = f"&after={page['next']}"
    ask("POST", f"/v1/sessions/{session}/bind", {"addresses": addresses})


if addresses:
    bind()
print(ask("POST", f"/v1/sessions/{session}/renew", {"audience": "portreeve-supervisor"})["access_token"])
