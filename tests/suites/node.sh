# The Node package: its tests on a real Redis, its types, and the packed package as others will install it.
# shellcheck shell=bash
: "${program_limit_seconds:?is set by tests/suites/lib.sh}" "${cores:?is set by tests/suites/lib.sh}"

# shellcheck source=tests/suites/node_release.sh
source tests/suites/node_release.sh

# run_node_tests DIRECTORY: adds the tests of node:test to the count.
run_node_tests() {
  local log status
  log=$(mktemp)
  (cd "$1" && timeout --kill-after=10 "$program_limit_seconds" node --test --test-concurrency="$cores" --test-reporter=tap tests/*.test.mjs) >"$log" 2>&1
  status=$?
  passed=$((passed + $(sed -nE 's/^# pass ([0-9]+)/\1/p' "$log" | tail -n 1)))
  while read -r test; do
    report_failure "$1: $test"
  done < <(sed -nE 's/^ *not ok [0-9]+ - (.*)/\1/p' "$log")
  if ((status != 0)); then
    report_failure "node --test ended with status $status"
    grep -A40 -E '^ *not ok' "$log" | head -n 120
  fi
  if grep -qE '^# (skipped|todo|cancelled) [1-9]' "$log"; then report_failure "node skipped tests"; fi
  printf 'ok       %s tests of %s\n' "$(sed -nE 's/^# pass //p' "$log" | tail -n 1)" "$1"
  rm -f "$log"
}

# npm_of VERSION: prints the path of npm-cli.js of that npm, installed below build/.
npm_of() {
  local directory=$PWD/build/npm-$1
  if [[ ! -e $directory/node_modules/npm/bin/npm-cli.js ]]; then
    mkdir -p "$directory" && printf '{"private": true}\n' >"$directory/package.json" &&
      npm install --prefix "$directory" --no-audit --no-fund --no-package-lock --loglevel=error --force "npm@$1" >&2 || return 1
  fi
  printf '%s\n' "$directory/node_modules/npm/bin/npm-cli.js"
}

# install_from_folder NPM NODE: the README's command in a user's own folder, beside a checkout in which nothing was built or
# installed. What CMake would compile is there already: this is about npm, which runs the install script, or has its reasons
# and leaves it to what the error at import names.
install_from_folder() {
  local npm node place headers
  headers=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")") # another release comes without any
  npm=$(npm_of "$1") && node=$(node_release "$2") || return 1
  place=$(mktemp -d)
  mkdir -p "$place/bin" "$place/mine" "$place/ficha/core"
  git ls-files bindings/node | grep -v /tests/ | xargs cp --parents -t "$place/ficha"
  touch "$place/ficha/core/CMakeLists.txt"
  ln -s "$node" "$place/bin/node"
  printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$place/bin/node" "$npm" >"$place/bin/npm"
  cat >"$place/bin/cmake" <<CMAKE
#!/bin/sh
mkdir -p "$place/ficha/bindings/node/build/cmake"
cp "$PWD/bindings/node/build/Release/ficha.node" "$place/ficha/bindings/node/build/cmake/ficha.node"
CMAKE
  chmod +x "$place"/bin/{npm,cmake}
  printf '{ "private": true }\n' >"$place/mine/package.json"
  (
    cd "$place/mine" || exit 1
    export PATH=$place/bin:$PATH npm_config_nodedir=$headers
    installed() {
      node -e 'new (require("ficha").Client)("memory://").create("u").then((session) => console.log(session.principal))'
    }
    echo "npm $(npm --version) on Node $(node --version)"
    npm install --install-links=false --no-audit --no-fund ../ficha/bindings/node || exit 1
    if ! installed >imported 2>&1; then
      cat imported
      grep -qF '"npm install-scripts approve ficha", then "npm rebuild ficha"' imported || exit 1
      npm install-scripts approve ficha && npm rebuild ficha && installed >imported || exit 1
    fi
    [[ $(cat imported) == u ]]
  )
  local status=$?
  rm -rf "$place"
  return "$status"
}

# What a user without a compiler does: install the packed package with scripts disabled, and use it both ways.
install_packed() {
  local tarball=$1 consumer
  consumer=$(mktemp -d)
  (
    cd "$consumer" || exit 1
    printf '{"private": true}\n' >package.json
    npm install --no-audit --no-fund --no-package-lock --ignore-scripts "$tarball" || exit 1
    printf 'import { Client } from "ficha"; import "ficha/express"; import "ficha/fastify";
      const client = new Client("memory://"); console.log((await client.create("esm")).principal);' >esm.mjs
    printf 'const { Client } = require("ficha"); require("ficha/express"); require("ficha/fastify");
      new Client("memory://").create("cjs").then((session) => console.log(session.principal));' >cjs.cjs
    [[ "$(node esm.mjs) $(node cjs.cjs)" == "esm cjs" ]]
  )
  local status=$?
  rm -rf "$consumer"
  return "$status"
}

# The quickstart on its own server, or on none: the tour that all languages' quickstarts pass.
node_quickstart() {
  local redis_url=$1 port=$2 service status=1
  # shellcheck source=/dev/null
  source examples/quickstart/tour.sh
  coproc service { FICHA_REDIS_URL=$redis_url exec node examples/quickstart/node/server.mjs examples/quickstart/ficha.toml "$port"; }
  # shellcheck disable=SC2154  # set by coproc
  if read -r -t 30 -u "${service[0]}"; then
    check_tour "http://localhost:$port"
    status=$?
  fi
  # shellcheck disable=SC2154
  kill "$service_PID"
  wait "$service_PID" 2>/dev/null
  return "$status"
}

# The server of README.md, on a port of its own.
readme_server_runs() {
  local directory=build/node-readme port
  # shellcheck source=tests/suites/readme.sh
  source tests/suites/readme.sh
  port=$(node_free_port)
  mkdir -p "$directory"
  ln -sfn "$PWD/examples/quickstart/node/node_modules" "$directory/node_modules"
  readme_code js README.md | sed "s|listen(3000)|listen($port)|" >"$directory/server.mjs"
  cat >"$directory/check.mjs" <<JS
import assert from 'node:assert/strict';
import './server.mjs';
const site = 'http://localhost:$port';
const login = await fetch(site + '/login', { method: 'POST', redirect: 'manual' });
assert.equal(login.status, 302);
const [cookie] = login.headers.getSetCookie();
assert.match(cookie, /^__Host-ficha=fch1_.*HttpOnly/);
const answer = await fetch(site, { headers: { cookie: cookie.split(';')[0] } });
assert.deepEqual(await answer.json(), { name: 'ada', theme: 'dark' });
process.exit(0);
JS
  timeout 30 node "$directory/check.mjs"
}

# readme_compiles README: its first example is TypeScript too, with what it says of typing req.session.
readme_compiles() {
  # shellcheck source=tests/suites/readme.sh
  source tests/suites/readme.sh
  local directory=bindings/node/build/readme
  mkdir -p "$directory"
  { first_readme_code js "$1" && first_readme_code ts "$1"; } >"$directory/example.mts"
  grep -q 'req.session' "$directory/example.mts" || return 1
  printf '{ "extends": "../../tests/types/tsconfig.json", "include": ["example.mts"] }\n' >"$directory/tsconfig.json"
  bindings/node/node_modules/.bin/tsc -p "$directory"
}

# What the core, every store, Express and the vectors of all languages show, on another release of Node than the machine's:
# the addon built for one is for all.
on_other_node() {
  local node
  node=$(node_release "$1") || return 1
  (cd bindings/node && timeout --kill-after=10 "$program_limit_seconds" "$node" --test --test-concurrency="$cores" \
    tests/{client,conformance,express_*,fastify,http2,near_cache,races,record_vectors,store_*}.test.mjs)
}

# An application uses the files of the working copy, and the addon that is built of them after an edit.
node_uses_working_copy() {
  # shellcheck source=tests/suites/editable.sh
  source tests/suites/editable.sh
  local application=$PWD/build/editable-node edited=bindings/node/native/values.cpp
  export application
  rm -rf "$application" && mkdir -p "$application" && printf '{ "private": true }\n' >"$application/package.json"
  run_editable Node 1 || return 1
  [[ $(cd "$application" && node -p 'require.resolve("ficha")') == $PWD/bindings/node/lib/index.js ]] || return 1
  edit "$edited"
  run_editable Node 2 && [[ bindings/node/build/cmake/ficha.node -nt $edited ]] || return 1
  [[ $(cd "$application" && node -e 'new (require("ficha").Client)("memory://").create("u").then((s) => console.log(s.principal))') == u ]]
}

node_free_port() {
  node -e 'const s = require("net").createServer().listen(0, () => { console.log(s.address().port); s.close(); })'
}

suite_node() {
  packaging/setup node || {
    report_failure "packaging/setup node"
    return
  }
  local npm=(npm install --no-audit --no-fund --no-package-lock --loglevel=error)
  mkdir -p build
  heading "building the Node addon"
  # The installation takes an addon that is there already, however old.
  if ! (cd bindings/node && "${npm[@]}" && npm run build) >build/node.log 2>&1; then
    report_failure "building bindings/node (whole log: build/node.log)"
    tail -n 40 build/node.log
    return
  fi
  heading "node:test"
  run_node_tests bindings/node
  (cd examples/quickstart/node && "${npm[@]}") >build/node-quickstart.log 2>&1
  run_node_tests examples/quickstart/node
  local version
  for version in "$oldest_node" "$newest_node"; do
    if [[ $(node --version) == "v$version."* ]]; then continue; fi
    check "the addon and its JavaScript run on Node $version" on_other_node "$version"
  done
  check "the addon is hardened" tests/hardening/check --built-by bindings/node/build/cmake/build.ninja \
    bindings/node/build/Release/ficha.node
  heading "types, lint, package"
  local bin=bindings/node/node_modules/.bin tarball
  check "the type declarations fit what applications write (tsc)" "$bin/tsc" -p bindings/node/tests/types
  check "they stand beside those of express-session" "$bin/tsc" -p bindings/node/tests/types/beside-express-session
  check "they stand beside those of Fastify" "$bin/tsc" -p bindings/node/tests/types/fastify
  check "one application may use them for both" "$bin/tsc" -p bindings/node/tests/types/both
  check "the README's first example compiles in TypeScript" readme_compiles README.md
  check "that of the package's README as well" readme_compiles bindings/node/README.md
  check "the JavaScript passes eslint" bash -c 'cd bindings/node && npx eslint .'
  tarball=$(cd bindings/node && npm pack --silent --pack-destination ../../build 2>../../build/node-pack.log | tail -n 1)
  check "the package is what bundlers and runtimes expect (publint)" "$bin/publint" "build/$tarball"
  check "its types resolve everywhere (attw)" "$bin/attw" --profile node16 "build/$tarball"
  check "the packed package installs with scripts disabled, for ESM and CommonJS" install_packed "$PWD/build/$tarball"
  check "npm 11 installs the package from a user's own folder" install_from_folder 11 "$oldest_node"
  check "npm 12 does, once its install script is approved as the error at import says" install_from_folder 12 "$newest_node"
  check "an application uses the working copy as CONTRIBUTING.md says, and gets its edits" node_uses_working_copy
  check "the quickstart passes the tour on memory://" node_quickstart memory:// "$(node_free_port)"
  check "the README's server runs" readme_server_runs
}
