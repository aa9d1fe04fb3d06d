# Formatting and static analysis with the pinned configurations at the top of the repository.
# shellcheck shell=bash

shell_scripts() {
  git ls-files | while read -r file; do
    if [[ $file == *.sh ]] || head -n 1 "$file" | grep -qE '^#!.*\b(ba)?sh\b'; then printf '%s\n' "$file"; fi
  done
}

lint_shell() {
  local -a scripts
  mapfile -t scripts < <(shell_scripts)
  shellcheck --external-sources "${scripts[@]}"
}

# The version of Debian 12; others format otherwise.
readonly clang_format_version=14.0.6

# Prints the path of that clang-format: the machine's, or the one that PyPI's package of this version brings.
pinned_clang_format() {
  local environment=$PWD/build/clang-format
  if [[ $(clang-format --version) == *" $clang_format_version"* ]]; then
    command -v clang-format
    return
  fi
  if [[ ! -x $environment/bin/clang-format ]]; then
    python3 -m venv --clear "$environment" &&
      "$environment/bin/pip" install --quiet "clang-format==$clang_format_version" >&2 || return 1
  fi
  printf '%s\n' "$environment/bin/clang-format"
}

lint_cxx_format() {
  local clang_format
  clang_format=$(pinned_clang_format) || return 1
  git ls-files '*.cpp' '*.hpp' '*.h' | xargs "$clang_format" --dry-run -Werror
}

# An include that runs upwards is found in a copy that has one.
include_rules_can_fail() {
  local copy status=0
  copy=$(mktemp -d)
  cp -r core/include core/src "$copy" && printf '#include "client/login.hpp"\n' >>"$copy/src/base/ascii.hpp"
  tests/suites/include_rules.py "$copy" >"$copy/found" || status=$?
  grep -qF 'src/base/ascii.hpp: base may not include client/login.hpp' "$copy/found" || status=0
  rm -rf "$copy"
  ((status == 1))
}

# Each kind of broken link is found, and none that leads somewhere, in a work tree that has them all.
broken_links_are_found() {
  local tree
  tree=$(mktemp -d)
  mkdir "$tree/tests"
  git -C "$tree" init --quiet
  printf 'TEST(Suite, Name)\n' >"$tree/tests/a_test.cpp"
  cat >"$tree/one.md" <<'MARKDOWN'
## Two words, `code`

```sh
[in code](gone.md)
```
MARKDOWN
  cat >"$tree/two.md" <<'MARKDOWN'
[good](one.md), [good](one.md#two-words-code), [a
link over two lines](one.md), `[code](gone.md)`, [elsewhere](https://example.org), [`Suite.Name`](tests/a_test.cpp)
[file](gone.md), [wrapped
text](gone.md), ![image](gone.png)
[heading](one.md#three), [own](#nothing), [untracked](untracked.md)
[`Suite.Other`](tests/a_test.cpp)
MARKDOWN
  git -C "$tree" add .
  touch "$tree/untracked.md"
  tests/suites/check_links.py "$tree" >"$tree/found"
  cut -d: -f1,2,3 "$tree/found" | diff - <(printf 'two.md:%s\n' '3: gone.md' '3: gone.md' '4: gone.png' \
    '5: one.md#three' '5: #nothing' '5: untracked.md' '6: tests/a_test.cpp')
  local status=$?
  rm -rf "$tree"
  return "$status"
}

# A new function of the core, one that a binding has lost, and a reason that is none any more are found in a copy.
api_differences_are_found() {
  local copy expected status=0
  copy=$(mktemp -d)
  git ls-files core/include bindings | grep -E '\.(hpp|pyi?|d\.ts|java|toml)$' | xargs cp --parents -t "$copy"
  sed -i 's/\(  \)\(\[\[nodiscard\]\] Stats stats() const;\)/\1\2\n\1[[nodiscard]] std::vector<int> brand_new(int (*f)(int)) const;/' \
    "$copy/core/include/ficha/client.hpp"
  sed -i 's/  patchPrincipal(/  changePrincipal(/' "$copy/bindings/node/lib/index.d.ts"
  printf '\n[[difference]]\nfunction = "Client::load"\nbindings = ["java"]\nreason = "none"\n' >>"$copy/bindings/api.toml"
  bindings/check_api.py "$copy" >"$copy/found" || status=$?
  for expected in 'python: no Client.brand_new' 'node: no Client.brandNew' 'java: no FichaClient.brandNew' \
    'node: no Client.patchPrincipal' 'java has FichaClient.load: no entry is needed'; do
    grep -qF "$expected" "$copy/found" || status=0
  done
  if (($(wc -l <"$copy/found") != 5)); then status=0; fi
  cat "$copy/found"
  rm -rf "$copy"
  ((status == 1))
}

# The headers of the hosts that the bindings' native code is compiled with, as options: pybind11 and node-addon-api from their
# registries, below build/lint.
host_headers() {
  local lint=$PWD/build/lint java
  packaging/setup python node java >&2 || return 1
  if [[ ! -e $lint/python/bin/pip ]]; then python3 -m venv "$lint/python" || return 1; fi
  "$lint/python/bin/pip" install --quiet 'pybind11>=3.0' >&2 || return 1
  mkdir -p "$lint/node" && printf '{"private": true}\n' >"$lint/node/package.json" &&
    npm install --prefix "$lint/node" --no-audit --no-fund --no-package-lock --loglevel=error node-addon-api@8 >&2 || return 1
  java=$(dirname "$(readlink -f "$(command -v javac)")")/../include
  printf -- '-isystem%s\n' "$("$lint/python/bin/python" -c 'import pybind11; print(pybind11.get_include())')" \
    "$(python3 -c 'import sysconfig; print(sysconfig.get_path("include"))')" "$lint/node/node_modules/node-addon-api" \
    "$(dirname "$(readlink -f "$(command -v node)")")/../include/node" /usr/include/node "$java" "$java/linux"
}

# tidy_binding TOP NAME [OPTION…]: all native files of a binding as one, because most of the time goes into its host's
# headers: no two of them have a name in common, not even a local one. What SWIG makes is not among them. By this name of
# the file, the analyzer follows paths in what it includes as well.
tidy_binding() {
  local top=$1 name=$2 unit=build/lint/UnifiedSource-$2.cpp
  shift 2
  mkdir -p build/lint
  printf '#include "%s"\n' "$top/bindings/$name"/native/*.cpp >"$unit"
  clang-tidy --quiet --config-file=bindings/.clang-tidy --checks=-bugprone-suspicious-include "$unit" -- \
    -std=c++20 -I"$top/core/include" "$@"
}

tidy_bindings() {
  local -a headers definitions=(-DPY_SSIZE_T_CLEAN -DNAPI_VERSION=8 -DNAPI_CPP_EXCEPTIONS
    -DNODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS)
  mapfile -t headers < <(host_headers)
  if ((${#headers[@]} < 7)); then
    echo "the headers of Python, Node or Java are not to be had"
    return 1
  fi
  local -A running
  local name status=0
  for name in java node python; do
    tidy_binding "$PWD" "$name" "${headers[@]}" "${definitions[@]}" &
    running[$name]=$!
  done
  for name in "${!running[@]}"; do
    if ! wait "${running[$name]}"; then status=1; fi
  done
  return "$status"
}

# In a binding of two small files: one of the analyzer's in the source, one in the header.
findings_in_bindings_are_found() {
  local copy status=0
  copy=$(mktemp -d)
  mkdir -p "$copy/bindings/planted/native"
  cat >"$copy/bindings/planted/native/planted.hpp" <<'CXX'
struct Base {
  virtual ~Base() = default;
  virtual int value() = 0;
};
struct Planted : Base {
  virtual int value();
};
CXX
  cat >"$copy/bindings/planted/native/planted.cpp" <<'CXX'
#include "planted.hpp"

int Planted::value() {
  int* nothing = nullptr;
  return *nothing;
}
CXX
  tidy_binding "$copy" planted >"$copy/found" 2>&1 || status=$?
  cat "$copy/found"
  grep -qF 'modernize-use-override' "$copy/found" && grep -qF 'clang-analyzer-core.NullDereference' "$copy/found" || status=0
  rm -rf "$copy"
  ((status == 1))
}

suite_lint() {
  heading "lint"
  check "every link of the documentation leads somewhere, and every test that it names exists" tests/suites/check_links.py
  check "a link that leads nowhere is found" broken_links_are_found
  check "no include of the core runs upwards" tests/suites/include_rules.py
  check "an include that runs upwards is found" include_rules_can_fail
  check "every public function of the core is in each binding, or bindings/api.toml says why not" bindings/check_api.py
  check "one that is missing, and a reason that none needs, are found" api_differences_are_found
  check "C++ is formatted (.clang-format)" lint_cxx_format
  check "shell scripts pass shellcheck" lint_shell
  check "the native code of the bindings passes clang-tidy (bindings/.clang-tidy)" tidy_bindings
  check "a finding in a binding is reported" findings_in_bindings_are_found
  if build tidy; then report_pass "the core passes clang-tidy (.clang-tidy)"; fi
}
