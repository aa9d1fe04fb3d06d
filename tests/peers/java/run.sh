# One Spring application on Tomcat's own sessions and on Ficha, side by side. Sourced by tests/suites/peers.sh.
# shellcheck shell=bash
: "${program_limit_seconds:?is set by tests/suites/lib.sh}"

# The starter is built and installed already where the suite java ran; its tests are that suite's.
build_peers_java() {
  mvn --batch-mode --quiet -f bindings/java -Dmaven.test.skip -Dmaven.javadoc.skip -Dspotless.check.skip install &&
    mvn --batch-mode --quiet -f tests/peers/java compile
}

# On the newest JDK there is: the suite java has the starter's tests on the default one.
peers_java() {
  local port redis java log=build/peers-java.log status line
  mkdir -p build
  check "the Spring application builds" build_peers_java || return
  # shellcheck source=tests/suites/java.sh
  source tests/suites/java.sh
  java=$(newest_jdk)
  java=${java:+$java/bin/}java
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  redis-server --port "$port" --bind 127.0.0.1 --save "" --daemonize no >/dev/null 2>&1 &
  redis=$!
  until redis-cli -p "$port" ping >/dev/null 2>&1; do
    kill -0 "$redis" 2>/dev/null || {
      report_failure "Spring: redis-server ended at its start"
      return
    }
  done
  timeout --kill-after=10 "$program_limit_seconds" "$java" -XX:TieredStopAtLevel=1 --enable-native-access=ALL-UNNAMED \
    -cp "tests/peers/java/target/classes:$(<tests/peers/java/target/class-path)" peers.Peers \
    "redis://127.0.0.1:$port/0" bindings/java/ficha-spring-boot-starter/README.md >"$log" 2>&1
  status=$?
  kill "$redis"
  wait "$redis" 2>/dev/null
  while read -r line; do report_pass "Spring: $line"; done < <(sed -n 's/^ok //p' "$log")
  while read -r line; do report_failure "Spring: $line"; done < <(sed -n 's/^FAILED //p' "$log")
  if ((status)); then
    grep -q '^FAILED ' "$log" || report_failure "Spring: ended with status $status (whole log: $log)"
    tail -n 40 "$log"
  fi
}
