#!/usr/bin/env python3
"""Fails on a link in a Markdown file that leads nowhere: a file that git does not know, a heading that is not there, a test
that a page names and its file does not hold.

usage: check_links.py [FOLDER]     a folder within a git work tree; default: the current one
"""

import pathlib
import posixpath
import re
import subprocess
import sys
import urllib.parse

FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
HEADING = re.compile(r"^ {0,3}#{1,6}\s+(.*?)\s*#*\s*$")
CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
# [text](target), also around an image; and [label]: target.
INLINE = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\]\([^)]*\))*)\]\(([^()\s]+)(?:\s+\"[^\"]*\")?\)")
IMAGE = re.compile(r"!\[[^\]]*\]\(([^()\s]+)\)")
DEFINITION = re.compile(r"^ {0,3}\[[^\]]+\]:\s+(\S+)", re.MULTILINE)
SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*:|^//", re.IGNORECASE)
TEST_FILE = re.compile(r"(^|/)tests?/.*\.(cpp|py|mjs|java)$")


def prose(text: str) -> list[str]:
    """The lines of a page, blank where they are code."""
    lines, fence = [], ""
    for line in text.splitlines():
        mark = FENCE.match(line)
        if fence:
            if mark and mark[1].startswith(fence):
                fence = ""
            line = ""
        elif mark:
            fence, line = mark[1], ""
        lines.append(line)
    return lines


def anchors(text: str) -> set[str]:
    """What GitHub makes of a page's headings."""
    found: set[str] = set()
    for line in prose(text):
        heading = HEADING.match(line)
        if not heading:
            continue
        plain = INLINE.sub(r"\1", heading[1])
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        count = 0
        while (anchor := f"{slug}-{count}" if count else slug) in found:
            count += 1
        found.add(anchor)
    return found


def links(text: str) -> list[tuple[int, str, str]]:
    """Line, text and target of each link of a page; what stands in code is none."""
    found, lines = [], prose(text)
    begin = 0
    while begin < len(lines):  # a link may go on in the next line, never in the next paragraph
        end = next((i for i in range(begin, len(lines)) if not lines[i].strip()), len(lines))
        paragraph = "\n".join(lines[begin:end])
        spans: list[str] = []

        def hide(code: re.Match[str], spans: list[str] = spans) -> str:
            spans.append(code[0])
            return f"\0{len(spans) - 1}\0" + "\n" * code[0].count("\n")

        hidden = CODE.sub(hide, paragraph)
        for pattern in (INLINE, IMAGE, DEFINITION):
            for match in pattern.finditer(hidden):
                shown = re.sub(r"\0(\d+)\0", lambda mark: spans[int(mark[1])], match[1] if pattern is INLINE else "")
                found.append((begin + hidden.count("\n", 0, match.start()) + 1, shown, match[match.lastindex or 1]))
        begin = end + 1
    return sorted(set(found))


def holds(content: str, text: str) -> bool:
    """Whether a test's file holds the name that a link to it gives: `Suite.Name`, or what stands there word for word."""
    name = text.strip("`")
    return name in content or (re.fullmatch(r"\w+(\.\w+)+", name) is not None and all(p in content for p in name.split(".")))


class Tree:
    def __init__(self, root: pathlib.Path) -> None:
        self.root = root
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True, text=True).stdout
        self.files = {name for name in listed.split("\0") if name}
        self.folders = {""}
        for name in self.files:
            while name := posixpath.dirname(name):
                self.folders.add(name)

    def text(self, name: str) -> str:
        return (self.root / name).read_text(encoding="utf-8")

    def problem(self, page: str, text: str, link: str) -> str | None:
        if SCHEME.match(link):
            return None
        path, _, anchor = urllib.parse.unquote(link).partition("#")
        target = posixpath.normpath(posixpath.join(posixpath.dirname(page), path)) if path else page
        target = "" if target == "." else target
        if target in self.folders:
            return "a folder has no headings" if anchor else None
        if target not in self.files:
            return "no such file"
        if anchor and not (target.endswith(".md") and anchor in anchors(self.text(target))):
            return "no such heading"
        if TEST_FILE.search(target) and re.fullmatch(r"`[^`]+`", text) and not target.endswith(text.strip("`")):
            return None if holds(self.text(target), text) else f"the file holds no test {text}"
        return None

    def problems(self) -> list[str]:
        found = []
        for page in sorted(name for name in self.files if name.endswith(".md")):
            for number, text, link in links(self.text(page)):
                if problem := self.problem(page, text, link):
                    found.append(f"{page}:{number}: {link}: {problem}")
        return found


if __name__ == "__main__":
    found = Tree(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")).problems()
    print("\n".join(found))
    sys.exit(bool(found))
