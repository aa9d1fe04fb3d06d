# One session through four languages: every ordered pair, races between them, and records of other versions.
# shellcheck shell=bash
: "${failed:?is set by tests/suites/lib.sh}"

# The Java endpoint's only dependency.
readonly interop_gson=com.google.code.gson:gson:2.10.1

build_interop_node() {
  (cd bindings/node && npm install --no-audit --no-fund --no-package-lock --loglevel=error && npm run build)
}

# With the compiler of the preset release: ccache has compiled the core already.
build_interop_python() {
  local environment=build/interop/python
  if [[ ! -x $environment/bin/python ]]; then python3 -m venv "$environment" || return; fi
  "$environment/bin/pip" install --quiet pytest redis msgpack mypy ruff scikit-build-core pybind11 &&
    CXX=c++ "$environment/bin/pip" install --quiet --no-build-isolation \
      --config-settings=build-dir="$PWD/build/python-interop" ./bindings/python
}

build_interop_java() {
  local libraries=$PWD/build/interop/java
  rm -rf "$libraries"
  mvn --batch-mode --quiet -f bindings/java -pl ficha -am package -DskipTests &&
    mvn --batch-mode --quiet dependency:copy -Dartifact="$interop_gson" -DoutputDirectory="$libraries" &&
    cp bindings/java/ficha/target/ficha-*.jar "$libraries" &&
    javac -Xlint:all -Werror -cp "$libraries/*" -d "$libraries/classes" tests/interop/endpoints/Endpoint.java
}

suite_interop() {
  if ! packaging/setup python node java; then
    report_failure "packaging/setup python node java"
    return
  fi
  build release ficha_interop_endpoint || return
  mkdir -p build/interop
  heading "building the endpoints"
  local before=$failed language
  for language in python node java; do
    check "the endpoint in $language builds" "build_interop_$language"
  done
  if ((failed > before)); then return; fi
  local python=$PWD/build/interop/python/bin log=build/interop/pytest.log
  heading "pairs, races, versions"
  (
    cd tests/interop || exit 1
    FICHA_ENDPOINT_CPP=$PWD/../../build/release/tests/interop/ficha_interop_endpoint \
      FICHA_ENDPOINT_PYTHON="$python/python endpoints/endpoint.py" FICHA_ENDPOINT_NODE="node endpoints/endpoint.mjs" \
      FICHA_ENDPOINT_JAVA="java -cp $PWD/../../build/interop/java/*:$PWD/../../build/interop/java/classes Endpoint" \
      timeout --kill-after=10 300 "$python/python" -m pytest -p no:cacheprovider -q --tb=short
  ) 2>&1 | tee "$log" | tail -n 60
  local status=${PIPESTATUS[0]} ok
  ok=$(tail -n 1 "$log" | sed -nE 's/^(.*[^0-9])?([0-9]+) passed.*/\2/p')
  passed=$((passed + ${ok:-0}))
  while read -r test; do report_failure "interop: $test"; done < <(sed -nE 's/^(FAILED|ERROR) ([^ ].*)/\2/p' "$log")
  if ((status != 0)) && ! grep -qE '^(FAILED|ERROR) ' "$log"; then report_failure "interop ended with status $status"; fi
  heading "the tests themselves"
  check "ruff finds nothing" "$python/ruff" check --no-cache --config bindings/python/pyproject.toml tests/interop
  check "ruff would format nothing" "$python/ruff" format --no-cache --check --config bindings/python/pyproject.toml tests/interop
  check "the tests are typed (mypy --strict)" env -C tests/interop "$python/mypy" --cache-dir=/dev/null --strict .
}
