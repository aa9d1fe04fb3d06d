# Nobody gets past: each framework on each server, asked for its handlers in thousands of ways.
# shellcheck shell=bash
: "${passed:?is set by tests/suites/lib.sh}" "${failed:?is set by tests/suites/lib.sh}"

readonly parity=tests/security/parity/parity.py
# Requests sent and handlers that ran for the wrong person, over all services.
parity_requests=0
parity_wrong=0

# run_parity NAME [--behind PROXY] -- COMMAND…: adds the checks of one parity service to the count.
run_parity() {
  local name=$1 options=() log status before=$failed
  shift
  while [[ $1 != -- ]]; do
    options+=("$1")
    shift
  done
  shift
  mkdir -p build/security
  log=build/security/${name// /-}.log
  if [[ -n ${FICHA_LONG:-} ]]; then options+=(--requests 20000); fi
  timeout --kill-after=30 "$program_limit_seconds" python3 "$parity" "${options[@]}" "$name" "$@" >"$log" 2>"$log.errors"
  status=$?
  grep -v '^         ' "$log"
  passed=$((passed + $(grep -c '^ok ' "$log")))
  while read -r sentence; do
    report_failure "parity of $sentence"
    grep -A12 -F "$sentence" "$log" | grep '^         '
  done < <(sed -nE 's/^FAILED +//p' "$log")
  if ((status != 0 && failed == before)); then
    report_failure "parity of $name ended with status $status"
    tail -n 20 "$log.errors"
  fi
  local sent wrong
  while read -r sent wrong; do
    parity_requests=$((parity_requests + sent))
    parity_wrong=$((parity_wrong + wrong))
  done < <(sed -nE 's/.*: ([0-9]+) requests, [0-9]+ handlers ran, ([0-9]+) for the wrong person.*/\1 \2/p' "$log")
}

finds_a_careless_service() {
  local log
  log=$(python3 "$parity" careless python3 tests/security/parity/careless.py)
  (($(grep -c '^FAILED' <<<"$log") == 2)) && grep -q 'secret ran for anonymous' <<<"$log"
}

suite_security() {
  heading "router parity"
  check "a service that judges with case and routes without is found out" finds_a_careless_service
  printf '\n%d requests, %d protected handlers ran for the wrong person\n' "$parity_requests" "$parity_wrong"
}
