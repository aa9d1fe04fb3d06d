# Django's packages that keep something of sessions, on Ficha as on Django's own. Sourced by tests/suites/peers.sh.
# shellcheck shell=bash
: "${failed:?is set by tests/suites/lib.sh}"

readonly peers_packages=('django>=5.2' djangorestframework channels daphne 'django-allauth[socialaccount]' django-axes
  django-hijack django-otp redis flask flask-login)

# The wheel is built by the compiler of the preset release: ccache has compiled the core already.
build_peers_python() {
  local environment=build/peers/python
  if [[ ! -x $environment/bin/python ]]; then python3 -m venv "$environment" || return; fi
  "$environment/bin/pip" install --quiet "${peers_packages[@]}" scikit-build-core pybind11 &&
    CXX=c++ "$environment/bin/pip" install --quiet --no-deps --no-build-isolation --force-reinstall \
      --config-settings=build-dir="$PWD/build/python-peers" ./bindings/python
}

peers_python() {
  local before=$failed log=build/peers/python.log sentence
  check "the environment of Django's packages installs" build_peers_python
  if ((failed > before)); then return; fi
  timeout --kill-after=10 180 build/peers/python/bin/python tests/peers/python/compare.py >"$log" 2>"$log.errors"
  local status=$?
  while read -r sentence; do report_pass "$sentence"; done < <(sed -nE 's/^ok +//p' "$log")
  while read -r sentence; do report_failure "$sentence"; done < <(sed -nE 's/^FAILED +//p' "$log")
  if ((status != 0 && failed == before)); then
    report_failure "Django's packages ended with status $status"
    tail -n 20 "$log.errors"
  fi
  local bin=build/peers/python/bin
  "$bin/pip" install --quiet ruff
  check "ruff finds nothing" "$bin/ruff" check --no-cache --config bindings/python/pyproject.toml tests/peers/python
  check "ruff would format nothing" "$bin/ruff" format --no-cache --check --config bindings/python/pyproject.toml \
    tests/peers/python
  check "no token is found at rest of what Flask and its packages keep" build/peers/python/bin/python \
    tests/peers/python/flask_at_rest.py
}
