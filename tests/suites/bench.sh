# The benchmark in its short form: every goal can be measured on this machine. What the figures are is for tests/bench/run.
# shellcheck shell=bash

# is_measured ID: its ratio in build/bench-short.json is a number above zero.
is_measured() {
  python3 - "$1" <<'CHECK'
import json, sys
entries = {entry["id"]: entry for entry in json.load(open("build/bench-short.json", encoding="utf-8"))}
entry = entries.get(sys.argv[1], {"why": "no benchmark says anything of it"})
if not (isinstance(entry.get("ratio"), (int, float)) and entry["ratio"] > 0):
    sys.exit(f"{sys.argv[1]}: {entry.get('why', entry)}")
CHECK
}

suite_bench() {
  local id log=build/bench-short.log
  heading "tests/bench/run --short"
  mkdir -p build
  rm -f build/bench-short.json
  if ! tests/bench/run --short --json build/bench-short.json >"$log" 2>&1; then
    report_failure "tests/bench/run --short (whole log: $log)"
    tail -n 40 "$log"
    return
  fi
  for id in P1 P2{a,b,c} P3 P4{a,b,c} P5{a,b} P6{a,b} P7{a,b} P8{a,b} P9{a,b} P10{a,b} P11{a,b,c} P12 P13{a,b,c}; do
    check "$id is measured" is_measured "$id"
  done
}
