#!/usr/bin/env python3
"""Holds the tree to layers.txt: every #include, every folder named, and what the engine may not call.

Usage: check_layers.py ROOT
"""
import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)
# The engine has no clock, no socket, no randomness and no global: callers pass these in.
FORBIDDEN_IN_ENGINE = re.compile(
    r"system_clock::now|steady_clock::now|\bgettimeofday\(|\bclock_gettime\(|\btime\(nullptr\)|\bgetenv\(|\brandom_device\b|\bsocket\(")
# Headers that cost a second or more each to parse. Asio's stay out of them: a coroutine's signature names its types.
HEAVY = ("boost/beast", "boost/json", "httplib", "yaml-cpp", "simdjson", "SQLiteCpp", "spdlog", "CLI")
SYSTEM_PREFIXES = {"sys", "netinet", "arpa", "linux", "net", "bits", "gtest", "experimental"}


def read_layers(path):
    layers, allowed_third, bans = {}, {}, []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("!"):
            who, whom, why = line[1:].split(None, 2)
            bans.append((who, whom, why))
            continue
        match = re.match(r"^(\S+):\s+([^#]*?)\s*(?:#\s*(.*))?$", line)
        if not match:
            sys.exit(f"layers.txt:{number}: not a line of the table")
        names = [] if match[2].strip() == "-" else match[2].split()
        layers[match[1]] = names
        allowed_third[match[1]] = set((match[3] or "").split())
    return layers, allowed_third, bans


def closure(layers, folder, seen=None):
    seen = set() if seen is None else seen
    for name in layers.get(folder, []):
        if name not in seen:
            seen.add(name)
            closure(layers, name, seen)
    return seen


def folder_of(path, layers):
    """The longest folder of the table that holds the path."""
    parts = path.parent.parts
    for length in range(len(parts), 0, -1):
        name = "/".join(parts[:length])
        if name in layers:
            return name
    return None


def main():
    root = pathlib.Path(sys.argv[1])
    here = root / "tests" / "layering"
    layers, allowed_third, bans = read_layers(here / "layers.txt")
    problems = []
    for name in layers:
        if not (root / name).is_dir():
            problems.append(f"layers.txt names `{name}`, which is gone")
        for other in layers[name]:
            if other not in layers:
                problems.append(f"layers.txt: `{name}` names `{other}`, which has no line of its own")
    tops = sorted({name.split("/")[0] for name in layers})
    files = 0
    for top in tops:
        for path in sorted((root / top).rglob("*")):
            if path.suffix not in (".h", ".cc") or "node_modules" in path.parts:
                continue
            files += 1
            relative = path.relative_to(root)
            own = folder_of(relative, layers)
            if own is None:
                problems.append(f"{relative}: its folder has no line in layers.txt")
                continue
            may = closure(layers, own) | {own}
            text = path.read_text()
            for quote, target in INCLUDE.findall(text):
                if quote == '"':
                    to = folder_of(pathlib.PurePath(target), layers)
                    if to is None:
                        problems.append(f"{relative}: includes `{target}`, which no folder of the table holds")
                        continue
                    if to not in may:
                        problems.append(f"{relative}: `{own}` may not know `{to}` (`{target}`)")
                    for who, whom, why in bans:
                        if (who == "*" or own == who or own.startswith(who + "/")) and own != whom and (to == whom or to.startswith(whom + "/")):
                            problems.append(f"{relative}: `{own}` must never know `{to}`: {why}")
                else:
                    first = re.split(r"[/.]", target)[0]
                    standard = "/" not in target and not target.endswith((".hpp",)) and (
                        "." not in target or (target.endswith(".h") and first not in all_third(allowed_third)))
                    if not standard and first not in SYSTEM_PREFIXES and first not in allowed_third[own]:
                        problems.append(f"{relative}: `{own}` may not use <{target}>")
                    if path.suffix == ".h" and target.startswith(HEAVY) and is_public_header(root, own, relative):
                        problems.append(f"{relative}: a public header includes <{target}>; keep it in a .cc")
            if top == "engine":
                for match in FORBIDDEN_IN_ENGINE.finditer(text):
                    line = text.count("\n", 0, match.start()) + 1
                    problems.append(f"{relative}:{line}: the engine calls `{match[0]}`")
    for problem in problems:
        print(problem)
    print(f"{files} files, {len(layers)} folders, {len(problems)} problems")
    return 1 if problems else 0


def all_third(allowed):
    return set().union(*allowed.values())


def is_public_header(root, folder, relative):
    lists = (root / folder / "CMakeLists.txt").read_text()
    match = re.search(r"HEADERS([^)]*?)(?:PUBLIC|PRIVATE|\))", lists, re.S)
    return bool(match) and relative.name in match[1].split()


if __name__ == "__main__":
    sys.exit(main())
