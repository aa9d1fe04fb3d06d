# The packages that the peers' users have, on Ficha as on the peers' own sessions, side by side: outcomes are the same, or
# differ as the documentation says.
# shellcheck shell=bash

suite_peers() {
  mkdir -p build/peers
  local host
  for host in python node java; do
    heading "packages of the peers in $host"
    if [[ ! -e tests/peers/$host/run.sh ]]; then
      report_failure "tests/peers/$host/run.sh is missing"
      continue
    fi
    if ! packaging/setup "$host"; then
      report_failure "packaging/setup $host"
      continue
    fi
    # shellcheck source=/dev/null
    source "tests/peers/$host/run.sh"
    "peers_$host"
  done
}
