#!/usr/bin/env python3
"""Real packets between real network namespaces, before and after rules are loaded.

Usage: packet_lab.py COMMAND…    COMMAND loads the rules, in the namespace that stands for the host

The host has a pair of interfaces to each of three sandboxes (`pt-a`, `pt-b`, and `pt-x`, which no deployment lists) and
an uplink (`up0`) to the outside. Each case is one frame, put on the wire as it is by who sends it: a forged address or
protocol needs no kernel's consent. Where it came out is seen in raw sockets of the host, which sit behind its input
rules, and on the far interfaces. Prints one JSON object: `{"before": {CASE: PLACE or null}, "after": {…},
"connections": {…}, "forged ARP": {…}}`. Each round ends with a frame that passes, so that nothing has to be waited for.
"""
import ctypes
import errno
import json
import os
import select
import socket
import struct
import subprocess
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET, CLONE_NEWUSER = 0x40000000, 0x10000000
TCP, UDP, ICMP, ICMP6, SCTP, GRE, ESP, EXPERIMENT = 6, 17, 1, 58, 132, 47, 50, 253
SYN, ACK = 2, 16

HOST4, HOST6 = "10.200.0.1", "fd00:200::1"
OUT4, OUT6 = "10.9.0.2", "fd00:9::2"
A4, A6, B4, B6, X4 = "10.200.0.2", "fd00:200::2", "10.200.0.3", "fd00:200::3", "10.200.0.9"
CONTROLLER4 = "10.9.0.9"
MAC = {"a": "02:00:5e:10:00:02", "b": "02:00:5e:10:00:03", "x": "02:00:5e:10:00:09", "out": "02:00:5e:10:00:f2",
       "host": "02:00:5e:10:00:01", "other": "02:00:5e:10:00:77"}


def check(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


class Namespace:
    def __init__(self):
        home = os.open("/proc/self/ns/net", os.O_RDONLY)
        check(LIBC.unshare(CLONE_NEWNET))
        self.file = os.open("/proc/self/ns/net", os.O_RDONLY)
        check(LIBC.setns(home, CLONE_NEWNET))
        os.close(home)

    def __enter__(self):
        self.home = os.open("/proc/self/ns/net", os.O_RDONLY)
        check(LIBC.setns(self.file, CLONE_NEWNET))

    def __exit__(self, *_):
        check(LIBC.setns(self.home, CLONE_NEWNET))
        os.close(self.home)

    def run(self, *lines):
        with self:
            for line in lines:
                subprocess.run(line.split(), check=True, stdout=subprocess.DEVNULL)


def set_up():
    if os.getuid() != 0:
        user, group = os.getuid(), os.getgid()
        check(LIBC.unshare(CLONE_NEWUSER))
        for name, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
                file.write(text)
    spaces = {name: Namespace() for name in ("host", "a", "b", "x", "out")}
    links = {"a": "pt-a", "b": "pt-b", "x": "pt-x", "out": "up0"}
    quiet = ["sysctl -qw net.ipv4.conf.all.rp_filter=0", "sysctl -qw net.ipv4.conf.default.rp_filter=0",
             "sysctl -qw net.ipv6.conf.default.accept_dad=0", "sysctl -qw net.ipv6.conf.all.accept_dad=0"]
    for name, space in spaces.items():
        space.run("ip link set lo up", *quiet)
    spaces["host"].run("sysctl -qw net.ipv4.ip_forward=1", "sysctl -qw net.ipv6.conf.all.forwarding=1")
    for name, link in links.items():
        with spaces[name]:
            subprocess.run(["ip", "link", "add", "eth0", "address", MAC[name], "type", "veth", "peer", "name", link,
                            "address", MAC["host"], "netns", f"/proc/{os.getpid()}/fd/{spaces['host'].file}"], check=True)
        spaces["host"].run(f"ip link set {link} up", f"sysctl -qw net.ipv4.conf.{link}.rp_filter=0")
    for name, own4, own6 in (("a", A4, A6), ("b", B4, B6), ("x", X4, "fd00:200::9")):
        spaces[name].run(f"ip address add {own4}/32 dev eth0", f"ip address add {own6}/128 dev eth0 nodad", "ip link set eth0 up",
                         f"ip route add {HOST4} dev eth0", f"ip route add default via {HOST4}",
                         f"ip -6 route add {HOST6} dev eth0", f"ip -6 route add default via {HOST6}")
        spaces["host"].run(f"ip address add {HOST4}/32 dev pt-{name}", f"ip address add {HOST6}/128 dev pt-{name} nodad",
                           f"ip route add {own4}/32 dev pt-{name} src {HOST4}", f"ip -6 route add {own6}/128 dev pt-{name} src {HOST6}")
    # What is sent to them need not be asked for first; connections of their own ask, as always.
    spaces["host"].run("ip address add 10.9.0.1/24 dev up0", "ip address add fd00:9::1/64 dev up0 nodad",
                       f"ip route add default via {OUT4}", f"ip -6 route add default via {OUT6}",
                       f"ip neigh add {OUT4} lladdr {MAC['out']} dev up0", f"ip neigh add {OUT6} lladdr {MAC['out']} dev up0")
    spaces["out"].run(f"ip address add {OUT4}/24 dev eth0", f"ip address add {OUT6}/64 dev eth0 nodad", "ip link set eth0 up",
                      "ip route add default via 10.9.0.1", "ip -6 route add default via fd00:9::1",
                      *[f"ip route add local {each}/32 dev lo" for each in ("93.184.215.14", "10.20.0.9", "169.254.169.254")],
                      "ip -6 route add local fd00:ec2::254/128 dev lo")
    return spaces


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def mac_bytes(text):
    return bytes.fromhex(text.replace(":", ""))


def transport(protocol, source, target, sport, dport, flags, marker):
    """The packet's inside, with its checksum where the protocol has one over addresses."""
    if protocol == TCP:
        header = struct.pack("!HHIIBBHHH", sport, dport, 1, 1 if flags & ACK else 0, 5 << 4, flags, 1024, 0, 0)
    elif protocol == UDP:
        header = struct.pack("!HHHH", sport, dport, 8 + len(marker), 0)
    elif protocol == ICMP:
        body = struct.pack("!BBHHH", 8, 0, 0, 7, 1)
        return body[:2] + struct.pack("!H", checksum(body + marker)) + body[4:] + marker
    elif protocol == ICMP6:
        header = struct.pack("!BBHHH", 128, 0, 0, 7, 1)
    else:
        return struct.pack("!HHII", sport, dport, 0, 0) + marker
    pseudo = source + target + struct.pack("!II", len(header) + len(marker), protocol)
    at = {TCP: 16, UDP: 6, ICMP6: 2}[protocol]
    return header[:at] + struct.pack("!H", checksum(pseudo + header + marker) or 0xffff) + header[at + 2:] + marker


def frame(case, marker):
    version = socket.AF_INET6 if ":" in case["to"] else socket.AF_INET
    source, target = (socket.inet_pton(version, case[end]) for end in ("from", "to"))
    inside = transport(case["protocol"], source, target, case["sport"], case["dport"], case["flags"], marker)
    if version == socket.AF_INET:
        head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(inside), 7, 0, 64, case["protocol"], 0, source, target)
        head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
        kind = 0x0800
    else:
        head = struct.pack("!IHBB16s16s", 6 << 28, len(inside), case["protocol"], 64, source, target)
        kind = 0x86dd
    return mac_bytes(case["to_mac"]) + mac_bytes(case["from_mac"]) + struct.pack("!H", kind) + head + inside


CASES = {}


def case(name, to, dport=3128, protocol=TCP, at="host", sender="a", sport=40000, flags=SYN, from_mac=None, to_mac=None, **more):
    own = {"a": (A4, A6), "b": (B4, B6), "x": (X4, "fd00:200::9"), "out": (OUT4, OUT6)}[sender]
    CASES[name] = {"to": to, "dport": dport, "protocol": protocol, "at": at, "sender": sender, "sport": sport, "flags": flags,
                   "from_mac": from_mac or MAC[sender], "to_mac": to_mac or MAC["host"],
                   "from": more.get("source", own[1 if ":" in to else 0])}


# What a sandbox may do.
case("proxy", HOST4)
case("proxy over IPv6", HOST6)
case("broker beyond the host", OUT4, 8182, at="out")
case("broker beyond the host over IPv6", OUT6, 8182, at="out")
# Under another's name.
case("source: another sandbox's", HOST4, source=B4)
case("source: nobody's", HOST4, source="10.200.0.200")
case("source: public", HOST4, source="8.8.4.4")
case("source: another sandbox's, forwarded", OUT4, 8182, at="out", source=B4)
case("source: another's IPv6", HOST6, source=B6)
case("source: link-local IPv6", HOST6, source="fe80::2")
case("source: an outside controller", HOST4, source=CONTROLLER4)
case("MAC: another sandbox's", HOST4, from_mac=MAC["b"])
case("MAC: nobody's", HOST4, from_mac=MAC["other"])
case("MAC: nobody's, over IPv6", HOST6, from_mac=MAC["other"])
case("MAC: nobody's, forwarded", OUT4, 8182, at="out", from_mac=MAC["other"])
case("MAC and source: another sandbox's", HOST4, from_mac=MAC["b"], source=B4)
# By another protocol.
for protocol, called in ((UDP, "UDP"), (ICMP, "ICMP"), (SCTP, "SCTP"), (GRE, "GRE"), (ESP, "ESP"), (EXPERIMENT, "protocol 253")):
    case(f"{called} to the proxy", HOST4, protocol=protocol)
    case(f"{called} to the outside", "8.8.8.8", 443, protocol=protocol, at="out")
for protocol, called in ((UDP, "UDP"), (ICMP6, "ICMP"), (SCTP, "SCTP"), (EXPERIMENT, "protocol 253")):
    case(f"{called} to the proxy over IPv6", HOST6, protocol=protocol)
    case(f"{called} to the outside over IPv6", "2606:4700::1111", 443, protocol=protocol, at="out")
case("DNS to a public server", "8.8.8.8", 53, protocol=UDP, at="out")
case("broadcast", "255.255.255.255", 67, protocol=UDP, to_mac="ff:ff:ff:ff:ff:ff")
case("multicast", "224.0.0.1", 5353, protocol=UDP, to_mac="01:00:5e:00:00:01")
case("all nodes over IPv6", "ff02::1", 5353, protocol=UDP, to_mac="33:33:00:00:00:01")
# To other places.
case("the host's ssh", HOST4, 22)
case("the host's ssh over IPv6", HOST6, 22)
case("the host's uplink address", "10.9.0.1", 3128)
case("the PDP's administration", HOST4, 8181)
case("the broker's host, another port", OUT4, 443, at="out")
case("the internet", "93.184.215.14", 443, at="out")
case("the internet over IPv6", "2606:4700::1111", 443, at="out")
case("metadata", "169.254.169.254", 80, at="out")
case("metadata over IPv6", "fd00:ec2::254", 80, at="out")
case("an internal service", "10.20.0.9", 5432, at="out")
case("another sandbox", B4, 80, at="b")
case("another sandbox's control port", B4, 2024, at="b")
case("another sandbox over IPv6", B6, 80, at="b")
case("its own control port through the host", HOST4, 9999, at="a")
case("its own control port through the host over IPv6", HOST6, 9999, at="a")
# As if it answered.
case("an answer to nobody's question", HOST4, 40000, sport=2024, flags=SYN | ACK)
case("in the middle of no connection", HOST4, 22, flags=ACK)
# From where nothing is configured.
case("an interface that nobody listed", HOST4, sender="x")
case("an interface that nobody listed, over IPv6", HOST6, sender="x")
case("an interface that nobody listed, forwarded", OUT4, 8182, at="out", sender="x")
case("an interface that nobody listed, as a listed sandbox", HOST4, sender="x", source=A4, from_mac=MAC["a"])
# From the outside.
case("the outside to the host", "10.9.0.1", 22, sender="out")
case("a controller outside", A4, 2024, at="a", sender="out", source=CONTROLLER4)
case("the outside to a control port", A4, 2024, at="a", sender="out")
case("a controller outside to another port", A4, 80, at="a", sender="out", source=CONTROLLER4)
case("the outside to a sandbox over IPv6", A6, 2024, at="a", sender="out")


def listeners(spaces):
    """(place, socket) for all where a packet may come out."""
    found = []
    with spaces["host"]:
        for protocol in (ICMP, TCP, UDP, SCTP, GRE, ESP, EXPERIMENT):
            found.append(("host", socket.socket(socket.AF_INET, socket.SOCK_RAW, protocol)))
        for protocol in (ICMP6, TCP, UDP, SCTP, EXPERIMENT):
            found.append(("host", socket.socket(socket.AF_INET6, socket.SOCK_RAW, protocol)))
    for name in ("a", "b", "x", "out"):
        with spaces[name]:
            tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            tap.bind(("eth0", 0))
            found.append((name, tap))
    for _, each in found:
        each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        each.setblocking(False)
    return found


class Round:
    """Sends every case once and gathers where each came out."""

    def __init__(self, spaces, taps, senders, number):
        self.taps, self.senders, self.number = taps, senders, number
        self.markers = {name: b"portreeve-lab-%02d-%04d" % (number, index) for index, name in enumerate(CASES)}
        self.seen = {}

    def read(self, seconds):
        ready, _, _ = select.select([each for _, each in self.taps], [], [], seconds)
        for place, each in self.taps:
            if each not in ready:
                continue
            while True:
                try:
                    data, origin = each.recvfrom(65535)
                except BlockingIOError:
                    break
                if each.family == socket.AF_PACKET and origin[2] == 4:  # what was sent from here
                    continue
                for name, marker in self.markers.items():
                    if marker in data:
                        self.seen.setdefault(name, place)
        return bool(ready)

    def send(self, name):
        data = frame(CASES[name], self.markers[name])
        while True:
            try:
                self.senders[CASES[name]["sender"]].send(data)
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise

    def run(self):
        for name in CASES:
            self.send(name)
            # Each is through when the next look finds nothing more: the pairs hand frames over at once.
            while self.read(0.02):
                pass
        return {name: self.seen.get(name) for name in CASES}


def connect(spaces, client, server, address, port, user=None, source=None):
    """Whether a TCP connection is made, by the kernels of both sides."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with spaces[server]:
        listener = socket.socket(family)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_IP, 15, 1)  # IP_FREEBIND
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, 78, 1)  # IPV6_FREEBIND
        listener.bind((address, port))
        listener.listen(8)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            spaces[client].__enter__()
            if user is not None:  # before there is a socket: packets are matched by who opened it
                os.setgroups([])
                os.setresuid(user, user, user)
            own = socket.socket(family)
            if source:
                own.bind((source, 0))
            own.settimeout(1.5)
            own.connect((address, port))
            own.sendall(b"ping")
            os.write(writing, own.recv(4))
        except OSError:
            pass
        os._exit(0)
    os.close(writing)
    listener.settimeout(1.6)
    try:
        accepted, _ = listener.accept()
        accepted.settimeout(1.5)
        accepted.sendall(accepted.recv(4))
    except OSError:
        pass
    answer = os.read(reading, 4)
    os.waitpid(child, 0)
    os.close(reading)
    listener.close()
    return answer == b"ping"


def forge_neighbour(spaces):
    """Whether the host believes a sandbox that says by ARP it were at an address that nobody gave it."""
    with spaces["a"]:
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        raw.bind(("eth0", 0))
        # Who has the host's address? Tell 10.200.0.77, which nobody gave to this sandbox.
        raw.send(b"\xff" * 6 + mac_bytes(MAC["a"]) + struct.pack("!HHHBBH", 0x0806, 1, 0x0800, 6, 4, 1) +
                 mac_bytes(MAC["a"]) + socket.inet_aton("10.200.0.77") + b"\0" * 6 + socket.inet_aton(HOST4))
        # One that tells the truth is answered, after which the host has dealt with the other as well.
        subprocess.run(["ip", "neigh", "flush", "dev", "eth0"], check=True)
    connect(spaces, "a", "host", HOST4, 3128)
    with spaces["host"]:
        shown = subprocess.run(["ip", "neigh", "show", "dev", "pt-a"], capture_output=True, text=True, check=True).stdout
    return "10.200.0.77" in shown


def main():
    command = sys.argv[1:]
    spaces = set_up()
    # The host has port forwardings, as hosts do; one leads back to the sandbox that asks.
    spaces["host"].run("nft add table inet forwarding", "nft add chain inet forwarding before { type nat hook prerouting priority dstnat ; }",
                       f"nft add rule inet forwarding before ip daddr {HOST4} tcp dport 9999 dnat ip to {A4}:2024",
                       f"nft add rule inet forwarding before ip6 daddr {HOST6} tcp dport 9999 dnat ip6 to [{A6}]:2024")
    for name, own in (("a", A4), ("b", B4)):
        spaces["host"].run(f"ip neigh add {own} lladdr {MAC[name]} dev pt-{name}")
    for name, own in (("a", A6), ("b", B6)):
        spaces["host"].run(f"ip neigh add {own} lladdr {MAC[name]} dev pt-{name}")
    taps = listeners(spaces)
    senders = {}
    for name in ("a", "x", "out"):
        with spaces[name]:
            senders[name] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            senders[name].bind(("eth0", 0))
    results = {"before": Round(spaces, taps, senders, 1).run(), "forged ARP": {"before": forge_neighbour(spaces)}}
    spaces["host"].run("ip neigh flush dev pt-a nud stale nud reachable nud delay nud probe nud failed")
    with spaces["host"]:
        for _ in range(2):  # the second time it replaces what the first one loaded
            loaded = subprocess.run(command, capture_output=True, text=True)
            if loaded.returncode != 0:
                sys.exit(f"{command}: {loaded.stdout}{loaded.stderr}")
    results["after"] = Round(spaces, taps, senders, 2).run()
    for each in taps:
        each[1].close()
    # Now by the kernels' own means: neighbours are found, answers come back.
    for name, own in (("a", A4), ("b", B4), ("a", A6), ("b", B6)):
        spaces["host"].run(f"ip neigh del {own} dev pt-{name}")
    results["connections"] = {
        "sandbox to proxy": connect(spaces, "a", "host", HOST4, 3128),
        "sandbox to proxy over IPv6": connect(spaces, "a", "host", HOST6, 3128),
        "sandbox to broker beyond the host": connect(spaces, "a", "out", OUT4, 8182),
        "sandbox to another port of the host": connect(spaces, "a", "host", HOST4, 8181),
        "sandbox to sandbox": connect(spaces, "a", "b", B4, 3128),
        "host to control port": connect(spaces, "host", "a", A4, 2024, source=HOST4),
        "host to control port over IPv6": connect(spaces, "host", "a", A6, 2024, source=HOST6),
        "host to another port of a sandbox": connect(spaces, "host", "a", A4, 80, source=HOST4),
        "gate's user to the internet": connect(spaces, "host", "out", "93.184.215.14", 443, user=991),
        "gate's user to an internal service": connect(spaces, "host", "out", "10.20.0.9", 5432, user=991),
        "gate's user to another port of it": connect(spaces, "host", "out", "10.20.0.9", 22, user=991),
        "gate's user to metadata": connect(spaces, "host", "out", "169.254.169.254", 80, user=991),
        "gate's user to metadata over IPv6": connect(spaces, "host", "out", "fd00:ec2::254", 80, user=991),
        "gate's user to what it reaches": connect(spaces, "host", "host", "127.0.0.1", 8180, user=991),
        "gate's user to loopback": connect(spaces, "host", "host", "127.0.0.1", 8181, user=991),
        "gate's user to a control port": connect(spaces, "host", "a", A4, 2024, user=991, source=HOST4),
        "host to loopback": connect(spaces, "host", "host", "127.0.0.1", 8181),
        "host to metadata": connect(spaces, "host", "out", "169.254.169.254", 80),
    }
    results["forged ARP"]["after"] = forge_neighbour(spaces)
    print(json.dumps(results))


main()
