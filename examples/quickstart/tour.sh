# What to try with the quickstart service: tour URL prints it, check_tour URL does it. Sourced by examples/run.
# shellcheck shell=bash

# curl keeps the session's cookie in a jar, as a browser would; Origin is what a browser sends along with a POST.
tour() {
  local url=$1
  cat <<TOUR

The service is at $url. Try, in another terminal:

  jar=\$(mktemp); alias c="curl -i -b \$jar -c \$jar -H 'Origin: $url'"

  c $url/me                                                     # 401: nobody yet
  c $url/login -d '{"name": "ada", "password": "lovelace"}'     # look at Set-Cookie
  c $url/me                                                     # who the cookie stands for
  c -X PUT $url/me/settings/theme -d '"dark"'                   # any JSON
  c $url/me/sessions                                            # log in from elsewhere, and look again
  c $url/metrics                                                # needs the role "operator": ada has it, bob/builder not
  c -X POST $url/logout                                         # the token is dead at once, in every process
  c -X POST $url/logout/everywhere                              # all of ada's sessions

  redis-cli -p ${redis_port:-6379} --scan                                    # no token is stored, only digests

TOUR
}

# expect STATUS PATTERN CURL-ARGUMENT…: the response has this status, and a line that matches.
expect() {
  local status=$1 pattern=$2 response
  shift 2
  response=$(curl --silent --include --max-time 10 "$@" | tr -d '\r')
  if ! grep -q "^HTTP/[0-9.]* $status" <<<"$response" || ! grep -q -- "$pattern" <<<"$response"; then
    printf 'expected %s and "%s" from: %s\n%s\n' "$status" "$pattern" "$*" "$response" >&2
    return 1
  fi
}

check_tour() {
  local url=$1 jar other ada bob
  jar=$(mktemp) other=$(mktemp)
  local -a here=(-b "$jar" -c "$jar" -H "Origin: $url") there=(-b "$other" -c "$other" -H "Origin: $url")
  ada='{"name": "ada", "password": "lovelace"}' bob='{"name": "bob", "password": "builder"}'

  expect 200 'hello' "$url/" || return 1
  expect 401 'WWW-Authenticate: Bearer' "$url/me" || return 1
  expect 403 'wrong name or password' "$url/login" -d '{"name": "ada", "password": "guessed"}' || return 1
  expect 200 '^Set-Cookie: __Host-ficha=fch1_.*HttpOnly' "${here[@]}" "$url/login" -d "$ada" || return 1
  expect 200 '"name": "ada"' "${here[@]}" "$url/me" || return 1
  expect 200 '"generation": 2' "${here[@]}" -X PUT "$url/me/settings/theme" -d '"dark"' || return 1
  expect 200 '"theme": "dark"' "${here[@]}" "$url/me" || return 1
  expect 400 'invalid_argument' "${here[@]}" -X PUT "$url/me/settings/theme" -d 'no JSON' || return 1
  expect 200 'ficha_redis_commands_total' "${here[@]}" "$url/metrics" || return 1
  expect 403 'forbidden' -b "$jar" -X POST "$url/logout" -H 'Origin: https://evil.example' || return 1

  expect 200 '"name": "bob"' "${there[@]}" "$url/login" -d "$bob" || return 1
  expect 403 'forbidden' "${there[@]}" "$url/metrics" || return 1
  expect 403 'forbidden' "${there[@]}" "$url/METRICS" || return 1
  expect 405 '^Allow: .*GET' "${there[@]}" -X DELETE "$url/metrics" || return 1
  # Whatever name bob chooses: it is a key among his settings, and he stays who he is.
  expect 200 'generation' "${there[@]}" -X PUT "$url/me/settings/passport" -d '{"user": "ada"}' || return 1
  expect 200 'generation' "${there[@]}" -X PUT "$url/me/settings/spring.authorities" -d '["ROLE_operator"]' || return 1
  expect 200 '"name": "bob"' "${there[@]}" "$url/me" || return 1
  expect 403 'forbidden' "${there[@]}" "$url/metrics" || return 1
  expect 200 'logged_out' "${there[@]}" -X POST "$url/logout" || return 1
  expect 401 'unauthenticated' "${there[@]}" "$url/me" || return 1

  expect 200 '"name": "ada"' "${there[@]}" "$url/login" -d "$ada" || return 1
  expect 200 '"current": false' "${here[@]}" "$url/me/sessions" || return 1
  expect 200 '"logged_out": 2' "${here[@]}" -X POST "$url/logout/everywhere" || return 1
  expect 401 'unauthenticated' "${there[@]}" "$url/me" || return 1
  rm -f "$jar" "$other"
}
