#!/usr/bin/env python3
"""Listens on an address here and hands the socket, as descriptor 3, to a program that may run in another network
namespace: it takes connections from here and makes its own from there.

Usage: listen_and_exec.py ADDRESS:PORT PROGRAM ARGUMENT…
"""
import os
import socket
import sys

address, port = sys.argv[1].rsplit(":", 1)
listener = socket.create_server((address, int(port)), backlog=512)
os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)  # not by dup2(), which does nothing where the listener is descriptor 3 already
os.execvp(sys.argv[2], sys.argv[2:])
