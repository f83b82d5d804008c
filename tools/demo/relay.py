#!/usr/bin/env python3
"""Carries connections from one place to another, byte for byte, both ways: from a network namespace that has no way to the
target to one that has. It holds no credential, and whoever listens at the target sees this program and not the caller, so what
is carried has to prove itself.

Usage: relay.py LISTEN TARGET    each HOST:PORT or unix:PATH
"""
import asyncio
import os
import sys


async def copy(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except (OSError, RuntimeError):
        writer.close()


async def main():
    listen, target = sys.argv[1:3]

    async def carry(reader, writer):
        try:
            if target.startswith("unix:"):
                far_reader, far_writer = await asyncio.open_unix_connection(target[5:])
            else:
                far_reader, far_writer = await asyncio.open_connection(*target.rsplit(":", 1))
        except OSError:
            writer.close()
            return
        await asyncio.gather(copy(reader, far_writer), copy(far_reader, writer))
        far_writer.close()
        writer.close()

    if listen.startswith("unix:"):
        if os.path.exists(listen[5:]):
            os.unlink(listen[5:])
        os.umask(0o077)
        server = await asyncio.start_unix_server(carry, listen[5:])
    else:
        host, port = listen.rsplit(":", 1)
        server = await asyncio.start_server(carry, host, int(port))
    print(f"relay ready {listen} to {target}", flush=True)
    async with server:
        await server.serve_forever()


try:
    asyncio.run(main())
except KeyboardInterrupt:
    pass
