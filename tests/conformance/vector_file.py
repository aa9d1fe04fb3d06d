"""The files that the scripts beside this one write."""

import hashlib
import json
import pathlib
import re

HERE = pathlib.Path(__file__).parent


def write(file, parts):
    """One case a line, so that a change shows as one line."""
    with open(HERE / file, "w", encoding="ascii", newline="\n") as out:
        blocks = []
        for part, cases in parts.items():
            if isinstance(cases, dict):
                blocks.append(f"{json.dumps(part)}: {json.dumps(cases, indent=2)}")
                continue
            names = [case["name"] for case in cases if "name" in case]
            repeated = {name for name in names if names.count(name) > 1}
            assert not repeated, (file, part, repeated)
            lines = ",\n".join("  " + json.dumps(case) for case in cases)
            blocks.append(f"{json.dumps(part)}: [\n{lines}\n]")
        out.write("{\n" + ",\n".join(blocks) + "\n}\n")


def octets(text):
    """UTF-8 text as one character per byte."""
    return text.encode().decode("latin-1")


def written(data):
    """Hex, or a list of [hex, times] where something short is repeated very often."""
    runs, end = [], 0
    for match in re.finditer(rb"(.{1,3}?)\1{255,}", data, re.DOTALL):
        runs += [[data[end : match.start()].hex(), 1], [match[1].hex(), len(match[0]) // len(match[1])]]
        end = match.end()
    return [*runs, [data[end:].hex(), 1]] if runs else data.hex()


def write_seeds(target, inputs):
    """Inputs for a fuzz target that reads the same bytes."""
    folder = HERE.parent / "fuzz" / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    for data in inputs:
        (folder / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
