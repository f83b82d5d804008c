#!/usr/bin/env python3
"""Builds one sandbox and starts its supervisor in it as PID 1. Run as root, in the network namespace of the sandbox's host.

Usage: sandbox.py --interface NAME --mac MAC --ipv4 ADDRESS --ipv6 ADDRESS --host-ipv4 ADDRESS --host-ipv6 ADDRESS
                  [--name NAME] [--first-id N] [--workspace DIR] [--trust FILE] [--memory BYTES] [--boot FILE] -- PROGRAM ARGUMENT…

The sandbox has user, PID, mount, IPC, UTS, cgroup and network namespaces of its own. Its root user is N outside (nobody), user
1000 in it, `sandbox`, is N+1000. Its root file system is made here and holds the host's /usr read-only, a few files of /etc, its own
/proc and /dev, an empty /tmp and /workspace; nothing else of the host is mounted in it. Its one interface, eth0, is the far end of
NAME and leads to the host's two addresses, nowhere else. PROGRAM is opened outside and need not be there inside; it gets the boot file
as descriptor 3 and its cgroup as descriptor 4 onwards (`--cgroup fd:4` is appended for each). Its output is this program's. SIGTERM is
passed on; when this program ends, so does the sandbox. docs/sandbox.md says what each step is for.
"""
import argparse
import ctypes
import errno
import fcntl
import os
import signal
import subprocess
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x02000000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
EVERY_NAMESPACE = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18
MS_NOATIME, MS_NODIRATIME, MS_RELATIME = 1024, 2048, 1 << 21
MNT_DETACH = 2
PR_SET_PDEATHSIG, PR_CAPBSET_DROP = 1, 24
# What PID 1 keeps: to become other users, to end their processes, to give up capabilities, and to pin mounts for a start.
# From all others, NET_ADMIN, NET_RAW and SYS_PTRACE among them, it and everything in the sandbox are parted for good.
KEPT = {"CHOWN": 0, "DAC_OVERRIDE": 1, "FOWNER": 3, "KILL": 5, "SETGID": 6, "SETUID": 7, "SETPCAP": 8, "SYS_ADMIN": 21, "SYS_RESOURCE": 24}
IDS = 65536
SANDBOX_USER = 1000
GRACE = 10  # seconds that the supervisor has to end in order


def checked(result, what):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def mount(source, target, kind=None, flags=0, data=None):
    checked(LIBC.mount(*(None if each is None else each.encode() for each in (source, target, kind)), ctypes.c_ulong(flags),
                       None if data is None else data.encode()), f"mount {target}")


def bind(source, target, flags):
    """A bind mount. In a user namespace the flags of what it shows may be added to, never taken away."""
    mount(source, target, flags=MS_BIND)
    shown = os.statvfs(target).f_flag
    kept = shown & (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)
    times = {1024: MS_NOATIME, 2048: MS_NODIRATIME, 4096: MS_RELATIME}
    kept |= sum(flag for bit, flag in times.items() if shown & bit)
    mount(None, target, flags=MS_BIND | MS_REMOUNT | kept | flags)


def die_with_the_parent():
    checked(LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise OSError(done.returncode, f"{' '.join(command)}: {done.stderr.strip()}")


class Root:
    """The sandbox's file system, made below a folder of the host that a private mount hides."""

    def __init__(self, options):
        self.options = options
        self.at = "/tmp"  # any folder: what is mounted on it here, is mounted here only

    def path(self, name):
        return self.at + name

    def make(self):
        mount(None, "/", flags=MS_REC | MS_PRIVATE)
        mount("sandbox", self.at, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=16m")
        for name in ("usr", "etc", "dev", "proc", "tmp", "run", "root", "workspace", "old"):
            os.mkdir(self.path(f"/{name}"))
        bind("/usr", self.path("/usr"), MS_RDONLY | MS_NOSUID | MS_NODEV)
        for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
            if os.path.islink(f"/{name}"):
                os.symlink(f"usr/{name}", self.path(f"/{name}"))
        self.make_etc(self.options.trust)
        self.make_dev()
        mount("proc", self.path("/proc"), "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
        self.writable("/tmp", "mode=1777,size=256m")
        self.writable("/run", "mode=0755,size=1m")
        if self.options.workspace:
            bind(f"/proc/self/fd/{self.options.workspace}", self.path("/workspace"), MS_NOSUID | MS_NODEV)
        else:
            self.writable("/workspace", f"mode=0755,size=256m,uid={SANDBOX_USER},gid={SANDBOX_USER}")

    def writable(self, name, data):
        mount("sandbox", self.path(name), "tmpfs", MS_NOSUID | MS_NODEV, data)

    def make_etc(self, trust):
        write(self.path("/etc/passwd"), f"root:x:0:0::/root:/bin/sh\nsandbox:x:{SANDBOX_USER}:{SANDBOX_USER}::/workspace:/bin/bash\n")
        write(self.path("/etc/group"), f"root:x:0:\nsandbox:x:{SANDBOX_USER}:\n")
        write(self.path("/etc/hosts"), "127.0.0.1 localhost\n::1 localhost\n")
        write(self.path("/etc/nsswitch.conf"), "passwd: files\ngroup: files\nhosts: files\n")  # no name server: the gates resolve
        write(self.path("/etc/hostname"), f"{self.options.name}\n")
        for name in ("alternatives", "ssl"):
            if os.path.isdir(f"/etc/{name}"):
                os.mkdir(self.path(f"/etc/{name}"))
                if name == "alternatives":
                    bind("/etc/alternatives", self.path("/etc/alternatives"), MS_RDONLY | MS_NOSUID | MS_NODEV)
        if os.path.isdir("/etc/ssl/certs"):
            os.makedirs(self.path("/etc/ssl/certs"), exist_ok=True)
            bundle = ""
            if os.path.exists("/etc/ssl/certs/ca-certificates.crt"):
                with open("/etc/ssl/certs/ca-certificates.crt", encoding="utf-8") as file:
                    bundle = file.read()
            with open(self.path("/etc/ssl/certs/ca-certificates.crt"), "w", encoding="utf-8") as file:
                file.write(bundle + (trust or ""))

    def make_dev(self):
        mount("dev", self.path("/dev"), "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755,size=64k")
        for name in ("null", "zero", "full", "random", "urandom", "tty"):
            write(self.path(f"/dev/{name}"), "")
            mount(f"/dev/{name}", self.path(f"/dev/{name}"), flags=MS_BIND)
        for name in ("pts", "shm"):
            os.mkdir(self.path(f"/dev/{name}"))
        mount("devpts", self.path("/dev/pts"), "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620")
        mount("shm", self.path("/dev/shm"), "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=1777,size=64m")
        os.symlink("pts/ptmx", self.path("/dev/ptmx"))
        for name, number in (("stdin", 0), ("stdout", 1), ("stderr", 2)):
            os.symlink(f"/proc/self/fd/{number}", self.path(f"/dev/{name}"))
        os.symlink("/proc/self/fd", self.path("/dev/fd"))

    def enter(self):
        os.chdir(self.at)
        pivot_root = 155 if os.uname().machine == "x86_64" else 41
        checked(LIBC.syscall(pivot_root, b".", b"old"), "pivot_root")
        os.chdir("/")
        checked(LIBC.umount2(b"/old", MNT_DETACH), "umount the host's root")
        os.rmdir("/old")
        mount(None, "/", flags=MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV)
        mount(None, "/dev", flags=MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NOEXEC)


def make_network(options):
    """Inside, before the right to it is given up: one address of each family, one host behind it, no other route, and nothing
    said to the link that nobody listens to."""
    for name, value in (("addr_gen_mode", "1"), ("accept_ra", "0"), ("router_solicitations", "0"), ("dad_transmits", "0")):
        write(f"/proc/sys/net/ipv6/conf/eth0/{name}", value)
    for command in (["link", "set", "lo", "up"],
                    ["address", "add", f"{options.ipv4}/32", "dev", "eth0"],
                    ["address", "add", f"{options.ipv6}/128", "dev", "eth0", "nodad"],
                    ["link", "set", "eth0", "up"],
                    ["route", "add", options.host_ipv4, "dev", "eth0"],
                    ["-6", "route", "add", options.host_ipv6, "dev", "eth0"]):
        run("ip", *command)


def give_up_rights():
    # No further namespaces: what a user namespace would give back, and interfaces of its own with it, is out of reach.
    for kind in ("user", "net", "pid", "ipc", "uts", "cgroup", "time"):
        path = f"/proc/sys/user/max_{kind}_namespaces"
        if os.path.exists(path):
            write(path, "0")
    with open("/proc/sys/kernel/cap_last_cap", encoding="ascii") as file:
        last = int(file.read())
    for number in range(last + 1):
        if number not in KEPT.values():
            checked(LIBC.prctl(PR_CAPBSET_DROP, number, 0, 0, 0), "drop a capability")


def first_process(options, program, descriptors):
    """PID 1: makes the rest of the sandbox about itself, then becomes the supervisor."""
    os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    os.setsid()
    die_with_the_parent()
    checked(LIBC.sethostname(options.name.encode(), len(options.name)), "sethostname")
    root = Root(options)
    make_network(options)
    root.make()
    root.enter()
    give_up_rights()
    empty = os.open("/dev/null", os.O_RDONLY)
    os.dup2(empty, 0)
    # 3: the boot file, 4 and up: cgroups; the program itself closes by its execution.
    sources = [fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, 64) for each in descriptors]
    program = fcntl.fcntl(program, fcntl.F_DUPFD_CLOEXEC, 64)
    for target, source in enumerate(sources, 3):
        os.dup2(source, target, inheritable=True)
    after = 3 + len(sources)
    for number in os.listdir("/proc/self/fd"):
        if int(number) >= after and int(number) != program:
            try:
                os.close(int(number))
            except OSError:
                pass
    os.execve(program, options.command, {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"})


class Cgroup:
    """One folder a hierarchy, given to the sandbox's root to make groups in; removed at the end with all that is in it."""

    def __init__(self, name, first_id, memory):
        self.folders = []
        self.memory = memory
        self.second = []
        for parent, second in self.hierarchies():
            folder = os.path.join(parent, f"portreeve-{name}-{os.getpid()}")
            try:
                os.mkdir(folder)
            except OSError:
                continue
            self.folders.append(folder)
            if second:
                self.second.append(folder)
            for path in [folder, *(os.path.join(folder, each) for each in ("cgroup.procs", "cgroup.subtree_control", "cgroup.threads", "tasks"))]:
                if os.path.exists(path):
                    os.chown(path, first_id, first_id)
            self.limit(folder)

    @staticmethod
    def hierarchies():
        with open("/proc/mounts", encoding="ascii") as mounts:
            rows = [line.split() for line in mounts]
        first = [(row[1], False) for row in rows if row[2] == "cgroup" and {"memory", "pids"} & set(row[3].split(","))]
        second = [(row[1], True) for row in rows if row[2] == "cgroup2"]
        chosen = []
        for at, _ in second:
            try:
                with open(os.path.join(at, "cgroup.controllers"), encoding="ascii") as file:
                    controllers = set(file.read().split())
            except OSError:
                continue
            if {"memory", "pids"} <= controllers:
                try:
                    write(os.path.join(at, "cgroup.subtree_control"), "+memory +pids")
                except OSError:
                    pass
                chosen.append((at, True))
        return chosen or first

    def limit(self, folder):
        for name in ("memory.max", "memory.limit_in_bytes"):
            if self.memory and os.path.exists(os.path.join(folder, name)):
                write(os.path.join(folder, name), str(self.memory))
        if os.path.exists(os.path.join(folder, "pids.max")):
            write(os.path.join(folder, "pids.max"), "1024")

    def take(self, pid):
        for folder in self.folders:
            write(os.path.join(folder, "cgroup.procs"), str(pid))

    def open(self):
        return [os.open(folder, os.O_RDONLY | os.O_DIRECTORY) for folder in self.folders]

    def remove(self):
        for folder in self.folders:
            for at, _, _ in os.walk(folder, topdown=False):
                for attempt in range(100):
                    try:
                        os.rmdir(at)
                        break
                    except OSError as error:
                        if error.errno != errno.EBUSY:
                            break
                        signal.sigtimedwait([], 0.02)


def read_options():
    parser = argparse.ArgumentParser(usage=__doc__)
    for name in ("interface", "mac", "ipv4", "ipv6", "host-ipv4", "host-ipv6"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--name", default="sandbox")
    parser.add_argument("--first-id", type=int, default=1_000_000_000)
    parser.add_argument("--workspace")
    parser.add_argument("--trust")
    parser.add_argument("--memory", type=int)
    parser.add_argument("--boot", default="/dev/null")
    parser.add_argument("command", nargs="+")
    return parser.parse_args()


def make_link(options, pid):
    run("ip", "link", "add", options.interface, "type", "veth", "peer", "name", "eth0", "address", options.mac, "netns", str(pid))
    run("ip", "address", "add", f"{options.host_ipv4}/32", "dev", options.interface)
    run("ip", "address", "add", f"{options.host_ipv6}/128", "dev", options.interface, "nodad")
    run("ip", "link", "set", options.interface, "up")
    run("ip", "route", "add", f"{options.ipv4}/32", "dev", options.interface, "src", options.host_ipv4)
    run("ip", "-6", "route", "add", f"{options.ipv6}/128", "dev", options.interface, "src", options.host_ipv6)
    # Whose MAC address it is, is known; nothing that the sandbox says changes it.
    for address in (options.ipv4, options.ipv6):
        run("ip", "neigh", "replace", address, "lladdr", options.mac, "dev", options.interface, "nud", "permanent")


def in_namespaces(options, program, boot, cgroups, ready, go):
    """Between the builder and PID 1: in every namespace but the PID one, which its first child makes."""
    die_with_the_parent()
    if os.read(go, 1) != b"1":  # it is in its cgroup now, which becomes the root of what it sees
        os._exit(1)
    checked(LIBC.unshare(EVERY_NAMESPACE), "unshare")
    die_with_the_parent()  # again: whoever becomes root of a namespace is asked anew
    os.write(ready, b"1")
    if os.read(go, 1) != b"1":
        os._exit(1)
    os.close(ready)
    os.close(go)
    child = os.fork()
    if child == 0:
        try:
            first_process(options, program, [boot, *cgroups])
        except OSError as error:
            print(f"sandbox: {error}", file=sys.stderr, flush=True)
        os._exit(127)
    # This one stands for PID 1 outside: it passes signals on and ends as PID 1 ends.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os.kill(child, signal.SIGTERM))
    _, status = os.waitpid(child, 0)
    os._exit(os.waitstatus_to_exitcode(status) & 0xff)


def main():
    options = read_options()
    if os.getuid() != 0:
        sys.exit("sandbox: making a sandbox needs root")
    program = os.open(options.command[0], os.O_RDONLY)
    # Opened while this is root outside: root inside could not.
    boot = os.open(options.boot, os.O_RDONLY)
    if options.workspace:
        options.workspace = os.open(options.workspace, os.O_PATH | os.O_DIRECTORY)
    if options.trust:
        with open(options.trust, encoding="ascii") as file:
            options.trust = file.read()
    cgroup = Cgroup(options.name, options.first_id, options.memory)
    cgroups = cgroup.open()
    for index in range(len(cgroups)):
        options.command += ["--cgroup", f"fd:{4 + index}"]
    ready, say_ready = os.pipe()
    wait_go, go = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ready)
        os.close(go)
        in_namespaces(options, program, boot, cgroups, say_ready, wait_go)
    os.close(say_ready)
    os.close(wait_go)
    status = 1
    try:
        cgroup.take(child)
        os.write(go, b"1")
        if os.read(ready, 1) != b"1":
            raise OSError(errno.EPERM, "this machine refuses the namespaces")
        for name in ("uid_map", "gid_map"):
            write(f"/proc/{child}/{name}", f"0 {options.first_id} {IDS}")
        make_link(options, child)

        def stop(*_):
            os.kill(child, signal.SIGTERM)
            signal.alarm(GRACE)

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        signal.signal(signal.SIGALRM, lambda *_: os.kill(child, signal.SIGKILL))  # PID 1 and all in its namespace die with it
        os.write(go, b"1")
        _, status = os.waitpid(child, 0)
        status = os.waitstatus_to_exitcode(status)
    except OSError as error:
        print(f"sandbox: {error}", file=sys.stderr)
        os.kill(child, signal.SIGKILL)
    finally:
        subprocess.run(["ip", "link", "delete", options.interface], capture_output=True)
        cgroup.remove()
    sys.exit(status & 0xff)


main()
