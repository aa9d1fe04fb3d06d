# What users of express-session and @fastify/session have, on those and on Ficha side by side.
# shellcheck shell=bash

# peers_node: for tests/suites/peers.sh. Every outcome is one test: equal, or different as the documentation says.
peers_node() {
  local log=build/peers-node.log directory status counts
  mkdir -p build
  heading "Node: packages of Express and Fastify, on their own sessions and on Ficha"
  if ! packaging/setup node ||
    ! (cd bindings/node && npm install --no-audit --no-fund --no-package-lock --loglevel=error && npm run build) >"$log" 2>&1 ||
    ! (cd tests/peers/node && npm ci --ignore-scripts --install-links=false --no-audit --no-fund --loglevel=error) >>"$log" 2>&1; then
    report_failure "installing the packages of tests/peers/node (whole log: $log)"
    tail -n 40 "$log"
    return
  fi
  directory=$(mktemp -d)
  timeout --kill-after=10 300 node tests/peers/node/peers.mjs "$directory" >"$log" 2>&1
  status=$?
  rm -rf "$directory"
  cut -c 1-220 "$log"
  counts=$(grep -cE '^(equal|named) ' "$log")
  passed=$((passed + counts))
  while read -r outcome; do
    report_failure "peers of Node: $outcome"
  done < <(sed -nE 's/^wrong +//p' "$log")
  if ((status != 0)) && ! grep -q '^wrong ' "$log"; then report_failure "tests/peers/node ended with status $status"; fi
}
