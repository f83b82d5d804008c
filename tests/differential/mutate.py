#!/usr/bin/env python3
"""Copies sources with a switch at every place that mutants.toml names.

    mutate.py TABLE SOURCE_ROOT OUT FILE...

Writes OUT/FILE for each FILE, and OUT/mutants.inc, a row for each mutant. Fails where a text is not found exactly once.
"""
import pathlib
import sys
import tomllib

SWITCH = "::portreeve::differential::active_mutant"


def place_of(mutant, source):
    """Where the mutant's text stands, as (begin, end)."""
    begin, whole = 0, source
    for key in ("within", "text"):
        if key not in mutant:
            continue
        found = whole.count(mutant[key])
        if found != 1:
            sys.exit(f"mutants.toml: `{mutant['name']}`: {mutant['file']} has its {key} {found} times, not once")
        begin += whole.index(mutant[key])
        whole = mutant[key]
    return begin, begin + len(mutant["text"])


def switched(number, text, original, becomes):
    """`original` (itself `text`, or already a switch) with mutant `number` beside it."""
    if text.rstrip().endswith(";"):
        return f"{{ if ({SWITCH} == {number}) {{ {becomes} }} else {{ {original} }} }}"
    return f"({SWITCH} == {number} ? ({becomes}) : ({original}))"


def mutated(path, source, mutants):
    """The source with all its mutants; those of one text are switched one after the other."""
    by_place = {}
    for number, mutant in mutants:
        by_place.setdefault(place_of(mutant, source), []).append((number, mutant))
    places = sorted(by_place, reverse=True)
    for later, earlier in zip(places, places[1:]):
        if earlier[1] > later[0]:
            sys.exit(f"mutants.toml: two mutants of {path} overlap, at `{source[later[0]:later[1]]}`")
    for begin, end in places:
        text = replacement = source[begin:end]
        for number, mutant in by_place[begin, end]:
            replacement = switched(number, text, replacement, mutant["becomes"])
        source = source[:begin] + replacement + source[end:]
    return source


def write(path, content):
    """Leaves a file alone that says so already, so that nothing is built anew."""
    if not path.exists() or path.read_text() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def main(table, root, out, files):
    root, out = pathlib.Path(root), pathlib.Path(out)
    mutants = list(enumerate(tomllib.loads(pathlib.Path(table).read_text())["mutant"], start=1))
    for _, mutant in mutants:
        if mutant["file"] not in files:
            sys.exit(f"mutants.toml: `{mutant['name']}`: {mutant['file']} is not among the mutated sources")
    for file in files:
        source = (root / file).read_text()
        own = [(number, mutant) for number, mutant in mutants if mutant["file"] == file]
        head = '#include "tests/differential/mutant.h"\n' if own else ""
        write(out / file, head + mutated(file, source, own))
    rows = (f'{{{number}, R"({mutant["name"]})", "{mutant["file"]}"}},\n' for number, mutant in mutants)
    write(out / "mutants.inc", "".join(rows))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])
