# Nobody gets past: each framework on each server, asked for its handlers in thousands of ways.
# shellcheck shell=bash
: "${passed:?is set by tests/suites/lib.sh}" "${failed:?is set by tests/suites/lib.sh}" "${cores:?is set by tests/suites/lib.sh}" "${program_limit_seconds:?}"

readonly parity=tests/security/parity/parity.py services=tests/security/services
# Requests sent and handlers that ran for the wrong person, over all services.
parity_requests=0
parity_wrong=0

# The names of those that were started, in their order, and the jobs that ask them.
parity_names=()
declare -A parity_jobs

# run_parity NAME [--behind PROXY] -- COMMAND…: asks one parity service, beside another: driver and service take turns, so
# that each pair keeps one core busy. report_parity says what came of them.
run_parity() {
  local name=$1 options=() log
  shift
  while [[ $1 != -- ]]; do
    options+=("$1")
    shift
  done
  shift
  log=build/security/$(tr -cs '[:alnum:]\n+' - <<<"$name ${options[*]}").log
  mkdir -p build/security
  if [[ -n ${FICHA_LONG:-} ]]; then options+=(--requests 20000); fi
  while (($(jobs -rp | wc -l) >= cores)); do wait -n; done
  rm -f "$log.status"
  {
    timeout --kill-after=30 "$program_limit_seconds" python3 "$parity" "${options[@]}" "$name" "$@" >"$log" 2>"$log.errors"
    printf '%d\n' "$?" >"$log.status"
  } &
  parity_names+=("$log")
  parity_jobs[$log]=$!
}

# Adds the checks of all services to the count.
report_parity() {
  local log status before sentence sent wrong
  for log in "${parity_names[@]}"; do
    before=$failed
    # The status is in a file: bash forgets that of a job whose process id another process has had since.
    wait "${parity_jobs[$log]}" 2>/dev/null
    status=$(cat "$log.status")
    grep -v '^         ' "$log"
    passed=$((passed + $(grep -c '^ok ' "$log")))
    while read -r sentence; do
      report_failure "parity of $sentence"
      grep -A12 -F "$sentence" "$log" | grep '^         '
    done < <(sed -nE 's/^FAILED +//p' "$log")
    if ((${status:-127} != 0 && failed == before)); then
      report_failure "parity ended with status ${status:-none} (log: $log)"
      tail -n 20 "$log.errors"
    fi
    while read -r sent wrong; do
      parity_requests=$((parity_requests + sent))
      parity_wrong=$((parity_wrong + wrong))
    done < <(sed -nE 's/.*: ([0-9]+) requests, [0-9]+ handlers ran, ([0-9]+) for the wrong person.*/\1 \2/p' "$log")
  done
}

finds_a_careless_service() {
  local log
  log=$(python3 "$parity" careless python3 tests/security/parity/careless.py)
  (($(grep -c '^FAILED' <<<"$log") == 2)) && grep -q 'secret ran for anonymous' <<<"$log"
}

build_parity_node() {
  (cd bindings/node && npm install --no-audit --no-fund --no-package-lock --loglevel=error && npm run build)
}

build_parity_java() {
  mvn --batch-mode --quiet -f bindings/java install -Dmaven.test.skip -Dmaven.javadoc.skip -Dspotless.check.skip && mvn --batch-mode --quiet -f "$services/java" package
}

# The wheel is built by the compiler of the preset release: ccache has compiled the core already.
build_parity_python() {
  local environment=build/security/python
  # shellcheck source=tests/security/services/python/environment.sh
  source "$services/python/environment.sh"
  [[ -x $environment/bin/python ]] || python3 -m venv "$environment" || return 1
  rm -f build/security/*.whl
  "$environment/bin/pip" install --quiet scikit-build-core pybind11 &&
    CXX=c++ "$environment/bin/pip" wheel --quiet --no-deps --no-build-isolation --wheel-dir build/security \
      --config-settings=build-dir="$PWD/build/python-security" ./bindings/python &&
    prepare_python_services python3 "$environment" build/security/ficha-*.whl
}

parity_of_cpp() {
  local service=(build/release/tests/security/services/cpp/parity_service tests/security/parity/ficha.toml)
  run_parity "C++ with Beast" -- "${service[@]}"
  run_parity "C++ with Beast" --behind nginx -- "${service[@]}"
  run_parity "C++ with Beast" --behind haproxy -- "${service[@]}"
}

parity_of_node() {
  local framework proxy
  for framework in express4 express5 fastify http; do
    run_parity "Node $framework" -- node "$services/node/$framework.mjs"
  done
  for proxy in nginx haproxy; do
    for framework in express5 fastify; do
      run_parity "Node $framework" --behind "$proxy" -- node "$services/node/$framework.mjs"
    done
  done
}

parity_of_java() {
  local server proxy
  for server in tomcat jetty; do
    run_parity "Spring MVC on $server" -- "$services/java/run" "$server"
    run_parity "Spring MVC on $server, under a context path" -- "$services/java/run" "$server" context
  done
  for proxy in nginx haproxy; do run_parity "Spring MVC on tomcat" --behind "$proxy" -- "$services/java/run" tomcat; done
}

parity_of_python() {
  # shellcheck source=tests/security/services/python/environment.sh
  source "$services/python/environment.sh"
  local python=build/security/python/bin/python framework server proxy
  for framework in "${!python_services[@]}"; do
    local first=${python_services[$framework]%% *}
    for server in ${python_services[$framework]}; do
      run_parity "Python $framework on $server" -- "$python" "$services/python/$framework.py" "$server"
    done
    # The same servers as others have.
    if [[ $framework == flask_sessions ]]; then continue; fi
    for proxy in nginx haproxy; do
      run_parity "Python $framework on $first" --behind "$proxy" -- "$python" "$services/python/$framework.py" "$first"
    done
  done
}

# Identity and authority cannot be had by naming an attribute, requirements do not fail open, and no credential is stored or
# seen: the tests that each language's own suite has of it, here as one.
escalation_in_python() {
  local bin=$PWD/build/security/python/bin
  "$bin/pip" install --quiet pytest pytest-asyncio pytest-django pytest-timeout drf-spectacular httpx redis &&
    env -C bindings/python "$bin/python" -m pytest -p no:cacheprovider -q \
      tests/test_{credentials,django_expiry,django_identity,requirements}.py
}

escalation_in_node() {
  env -C bindings/node node --test tests/{definitions,express_{bag,credential,identity,passport},fastify_passport}.test.mjs
}

# With the search of Redis for live tokens, in every form in which a framework may have stored one.
escalation_in_java() {
  mvn --batch-mode --quiet --file bindings/java -pl ficha-spring-boot-starter -am test \
    -Dtest='IdentityTest,CredentialTest,SecurityTest,ConfigurationTest' -Dsurefire.failIfNoSpecifiedTests=false
}

suite_security() {
  packaging/setup python node java bank || {
    report_failure "packaging/setup python node java bank"
    return
  }
  mkdir -p build/security
  heading "building the parity services"
  build release parity_service || return
  local language before built=()
  for language in node python java; do
    before=$failed
    check "the parity services in $language build" "build_parity_$language"
    if ((failed == before)); then built+=("$language"); fi
  done
  heading "escalation and credentials at rest"
  for language in "${built[@]}"; do
    check "nobody becomes somebody else, and no credential is kept, in $language" "escalation_in_$language"
  done
  heading "router parity"
  check "a service that judges with case and routes without is found out" finds_a_careless_service
  for language in cpp "${built[@]}"; do "parity_of_$language"; done
  report_parity
  printf '\n%d requests, %d protected handlers ran for the wrong person\n' "$parity_requests" "$parity_wrong"
  heading "the tests themselves"
  local bin=build/security/python/bin
  "$bin/pip" install --quiet ruff mypy
  check "ruff finds nothing" "$bin/ruff" check --no-cache --config bindings/python/pyproject.toml tests/security
  check "ruff would format nothing" "$bin/ruff" format --no-cache --check --config bindings/python/pyproject.toml tests/security
  check "the driver is typed (mypy --strict)" env -C tests/security/parity "$PWD/$bin/mypy" --cache-dir=/dev/null --strict .
}
