# The virtual environment of the parity services in Python. Sourced.
# shellcheck shell=bash

# A service → the servers that it is run on; for the suite.
# shellcheck disable=SC2034
declare -rA python_services=(
  [django_wsgi]="gunicorn waitress uwsgi wsgiref granian-wsgi"
  [django_asgi]="uvicorn-h11 uvicorn-httptools hypercorn granian daphne"
  [drf]="gunicorn waitress uwsgi wsgiref granian-wsgi"
  [flask_wsgi]="gunicorn waitress uwsgi wsgiref granian-wsgi"
  [flask_sessions]="gunicorn"
  [aiohttp_app]="aiohttp"
  [starlette_app]="uvicorn-h11 uvicorn-httptools hypercorn granian daphne"
  [fastapi_app]="uvicorn-h11 uvicorn-httptools hypercorn granian daphne"
)
readonly python_frameworks=(django djangorestframework starlette fastapi flask aiohttp)
readonly python_servers=(gunicorn waitress pyuwsgi uvicorn httptools hypercorn granian daphne)

# prepare_python_services PYTHON VENV WHEEL: makes VENV with the frameworks, every server, and the package of this repository.
# Prints a line for each package that cannot be had, and fails if there was one: its services cannot run.
prepare_python_services() {
  local python=$1 venv=$2 wheel=$3 package missing=0
  [[ -x $venv/bin/python ]] || "$python" -m venv "$venv" || return 1
  "$venv/bin/pip" install --quiet "${python_frameworks[@]}" || return 1
  "$venv/bin/pip" install --quiet --no-deps --force-reinstall "$wheel" || return 1
  for package in "${python_servers[@]}"; do
    if ! "$venv/bin/pip" install --quiet "$package"; then
      printf 'cannot be installed: %s\n' "$package"
      missing=1
    fi
  done
  return "$missing"
}
