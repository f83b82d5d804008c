"""Carries TCP connections to a Unix socket, which no network namespace bounds. Usage: relay.py HOST:PORT SOCKET"""
import asyncio
import sys


async def copy(reader, writer):
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    writer.close()


async def main(address, path):
    async def serve(reader, writer):
        try:
            there = await asyncio.open_unix_connection(path)
        except OSError:
            writer.close()
            return
        await asyncio.gather(copy(reader, there[1]), copy(there[0], writer))

    host, port = address.rsplit(":", 1)
    server = await asyncio.start_server(serve, host, int(port))
    print("ready", flush=True)
    async with server:
        await server.serve_forever()


asyncio.run(main(*sys.argv[1:]))
