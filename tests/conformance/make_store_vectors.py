#!/usr/bin/env python3
"""Writes store.json beside this file: what each operation on a store answers, by the rules of the operations.

Every expectation is stated by hand or calculated from a rule; nothing is copied from what the code answers.
Deterministic: running it again changes nothing. README.md describes the file.
"""

import store_lifetime_cases
import store_session_cases
import store_write_cases
from store_steps import CASES, START, TIMED, checks
from vector_file import write

for part in (store_session_cases, store_write_cases, store_lifetime_cases):
    part.add_cases()

counts = {
    "cases": len(CASES),
    "cases_checks": sum(map(checks, CASES)),
    "timed": len(TIMED),
    "timed_checks": sum(map(checks, TIMED)),
}
write("store.json", {"start": {"unix_seconds": START}, "counts": counts, "cases": CASES, "timed": TIMED})
