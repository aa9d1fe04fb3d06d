# The demo: all that `examples/run --check` tries, a walk with a real browser included, under each proxy; and its page.
# shellcheck shell=bash
: "${passed:?is set by tests/suites/lib.sh}" "${failed:?is set by tests/suites/lib.sh}"

# Building everything from nothing included.
readonly bank_limit_seconds=1500

# run_bank_checks PROXY: adds what `examples/run --check` reports, line by line, to the count.
run_bank_checks() {
  local proxy=$1 log=build/bank-$1.log status before=$failed
  heading "examples/run --check --proxy $proxy"
  timeout --kill-after=30 "$bank_limit_seconds" examples/run --check --proxy "$proxy" 2>&1 | tee "$log"
  status=${PIPESTATUS[0]}
  passed=$((passed + $(grep -c '^ok ' "$log")))
  while read -r sentence; do
    report_failure "bank behind $proxy: $sentence"
  done < <(sed -nE 's/^FAILED +//p' "$log")
  if ((status != 0 && failed == before)); then report_failure "examples/run --check --proxy $proxy ended with status $status"; fi
  if ! grep -q 'refuses the token within 100 ms' "$log"; then report_failure "no browser walked through the bank behind $proxy"; fi
}

bank_lock_files_name_no_registry() {
  ! grep -E '"resolved": "https?:' examples/bank/*/package-lock.json
}

suite_bank() {
  mkdir -p build
  local proxy
  for proxy in nginx haproxy; do
    # .ci/run has tried one already, on this very checkout.
    if [[ ${FICHA_TRIED_PROXY:-} != "$proxy" ]]; then run_bank_checks "$proxy"; fi
  done
  heading "types, lint"
  check "the page's types are right (vue-tsc)" npm --prefix examples/bank/web run --silent types
  check "the bank's JavaScript and TypeScript pass eslint" npm --prefix examples/bank/web run --silent lint
  check "the lock files name no registry" bank_lock_files_name_no_registry
}
