"""Writes a fuzzer's dictionary of what a JSON Schema names: keys, as YAML has them, and the words of closed sets.

Usage: schema_words.py SCHEMA DICTIONARY
"""
import json
import sys

# Beside the schema's words, what the shapes of YAML and of values are made of.
SYNTAX = ["---\n", "- ", "[", "]", "{ ", " }", ", ", ": ", "\n  ", "\n    - ", '"', "'", "|\n", "&a ", "*a", "!!str ", "# ",
          "null", "true", "false", "~", "1", "443", "0", "-1", "1e9", "1h30m", "10MiB", "2026-11-24T12:00:00Z",
          "*.example.com", "**.example.com", "/**", "/re:.*/", "list:", "10.0.0.0/8", "::/0", "\\u0000", "\u00fc"]


def words(schema):
    if isinstance(schema, list):
        for item in schema:
            yield from words(item)
    elif isinstance(schema, dict):
        for key, value in schema.items():
            if key == "properties":
                yield from (name + ": " for name in value)
            elif key == "enum":
                yield from (item for item in value if isinstance(item, str))
            elif key == "const" and isinstance(value, str):
                yield value
            yield from words(value)


def quoted(word):
    return '"' + "".join(chr(b) if 0x20 <= b < 0x7F and b not in b'"\\' else f"\\x{b:02x}" for b in word.encode()) + '"'


schema_path, dictionary_path = sys.argv[1:]
with open(schema_path, encoding="utf-8") as file:
    found = sorted(set(words(json.load(file))))
with open(dictionary_path, "w", encoding="ascii") as file:
    file.writelines(quoted(word) + "\n" for word in SYNTAX + found)
