#!/usr/bin/env python3
"""Benchmark lines (one JSON object each) as a table; with --json FILE also as a list into a file."""
import json
import sys

rows = []
for line in sys.stdin:
    rows.append(json.loads(line))
    row = rows[-1]
    print(f"  {row['name']:<28} {row['value']:>14,.4g} {row['unit']:<10} {row['context']}", flush=True)
if len(sys.argv) == 3 and sys.argv[1] == "--json":
    with open(sys.argv[2], "w", encoding="utf-8") as out:
        json.dump(rows, out, indent=1)
        out.write("\n")
