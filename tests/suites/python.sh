# The Python package: its wheel, tested on the oldest and the newest CPython, with every supported Django.
# shellcheck shell=bash

suite_python() {
  local log=build/python.log closing
  mkdir -p build
  if ! packaging/setup python; then
    report_failure "packaging/setup python"
    return
  fi
  bindings/python/run-tests 2>&1 | tee "$log"
  closing=$(tail -n 1 "$log")
  if [[ $closing =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
    passed=$((passed + BASH_REMATCH[1]))
    local count
    for ((count = BASH_REMATCH[2]; count > 0; count--)); do report_failure "a test of suite python (log: $log)"; done
  else
    report_failure "suite python ended early (log: $log)"
  fi
}
