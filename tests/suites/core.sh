# The C++ core: unit and store tests, released and under ASan and UBSan, on Redis, Redis 8 and Valkey, and the package as
# others will consume it.
# shellcheck shell=bash
: "${cores:?is set by tests/suites/lib.sh}" "${FICHA_DEPS_PREFIX:?is set by packaging/prefix.sh}"

# A public header is short, compiles alone, and reaches none of the libraries behind the core.
header_stands_alone() {
  local header=$1 lines
  lines=$(wc -l <"core/include/$header")
  if ((lines > 200)); then
    echo "$lines lines"
    return 1
  fi
  printf '#include "%s"\n' "$header" >build/header.cpp
  c++ -std=c++20 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -Icore/include -fsyntax-only build/header.cpp || return 1
  ! c++ -std=c++20 -Icore/include -M build/header.cpp | grep -E '/(hiredis|openssl|msgpack|toml\+\+|nlohmann)[/.]'
}

# Only what the public headers declare leaves a shared libficha: none of hiredis' or OpenSSL's names, none of ours inside.
exports_only_public_names() {
  local library=$1 exported
  exported=$(nm -DC --defined-only "$library" | sed -nE 's/^[0-9a-f]+ [TDBR] //p')
  if ! grep -q '^ficha::Client::open' <<<"$exported"; then
    echo "ficha::Client::open is not exported"
    return 1
  fi
  ! grep -v '^ficha::' <<<"$exported" && ! grep -E '^ficha::(detail|redis|memory|scripts)::' <<<"$exported"
}

# A service may link hiredis of its own beside a static libficha.
leaves_hiredis_names_free() {
  ! nm --extern-only --defined-only "$1" 2>/dev/null | grep -E ' [A-Z] (redis|sds|hiredis)'
}

build_shared() {
  cmake --preset release -B build/shared -DBUILD_SHARED_LIBS=ON && cmake --build build/shared -j "$cores"
}

consume_by_cmake() {
  local installed=$1 build=$1/consumer
  cmake -S tests/consumer -B "$build" -G Ninja -DCMAKE_PREFIX_PATH="$installed" && cmake --build "$build" && "$build/consumer"
}

consume_by_pkg_config() {
  local installed=$1 source=$2 library flags
  library=$(dirname "$(find "$installed" -name 'libficha.*' -print -quit)")
  flags=$(PKG_CONFIG_PATH=$library/pkgconfig pkg-config --cflags --libs ficha) || return 1
  # shellcheck disable=SC2086  # flags are words
  c++ -std=c++20 "$source" -o "$installed/by-pkg-config" $flags && LD_LIBRARY_PATH=$library "$installed/by-pkg-config"
}

# readme_example_runs INSTALLED README
readme_example_runs() {
  local installed=$1
  # shellcheck source=tests/suites/readme.sh
  source tests/suites/readme.sh
  readme_code cpp "$2" >"$installed/readme.cpp"
  consume_by_pkg_config "$installed" "$installed/readme.cpp"
}

# A project that uses the sources is built again when they are edited.
consume_working_copy() {
  # shellcheck source=tests/suites/editable.sh
  source tests/suites/editable.sh
  local application=$PWD/build/editable-cpp
  export application
  mkdir -p "$application" && cp tests/consumer/{CMakeLists.txt,main.cpp} "$application" || return 1
  run_editable C++ 1 && "$application/build/consumer" || return 1
  edit core/src/session/token.cpp
  run_editable C++ 1 && [[ $application/build/consumer -nt core/src/session/token.cpp ]]
}

package_tests() {
  local header kind installed
  heading "public headers and package"
  for header in $(cd core/include && ls ficha/*.hpp); do
    check "<$header> stands alone in at most 200 lines" header_stands_alone "$header"
  done
  check "a static libficha leaves hiredis' names to others" leaves_hiredis_names_free build/release/core/libficha.a
  check "libficha builds as a shared library" build_shared
  check "a shared libficha exports the public names only" exports_only_public_names build/shared/core/libficha.so
  check "a shared libficha is hardened" tests/hardening/check --built-by build/shared/build.ninja \
    build/shared/core/libficha.so
  check "the C++ programs are hardened" tests/hardening/check build/release/examples/quickstart/cpp/quickstart \
    build/release/examples/bank/rates/bank-rates
  for kind in release shared; do
    installed=$(mktemp -d)
    check "cmake installs the $kind build" cmake --install "build/$kind" --prefix "$installed"
    check "find_package finds the installed $kind build, and a consumer runs" consume_by_cmake "$installed"
    check "pkg-config finds the installed $kind build, and a consumer runs" consume_by_pkg_config "$installed" \
      tests/consumer/main.cpp
    check "the README's example runs on the installed $kind build" readme_example_runs "$installed" README.md
    check "the C++ guide's example runs on the installed $kind build" readme_example_runs "$installed" docs/cpp.md
    rm -rf "$installed"
  done
  check "a project uses the working copy as CONTRIBUTING.md says, and gets its edits" consume_working_copy
}

# tests_on SERVER COMPONENT PROGRAM TEST…: the test programs that depend on the server's ways, with another in the place of
# the machine's Redis. Where it is not to be had they are not run, which is a failure only on a machine that has run them
# before.
tests_on() {
  local server=$1 component=$2 program=$FICHA_DEPS_PREFIX/bin/$3 status=0 test
  local before=${XDG_STATE_HOME:-$HOME/.local/state}/ficha/tested-with-$component
  shift 3
  packaging/setup "$component" || status=$?
  if ((status == 69)) && [[ ! -e $before ]]; then
    report_not_run "the store on $server: no server is to be had here, nor was one before"
    return
  fi
  if ((status)); then
    report_failure "packaging/setup $component"
    return
  fi
  mkdir -p "$(dirname "$before")"
  "$program" --version >"$before"
  local -x FICHA_TEST_REDIS_SERVER=$program FICHA_COHERENCE_OPERATIONS=400000
  local filter=()
  if [[ $(timeout 10 "$program" --port 0 --tls-port 1 2>&1) == *'Failed finding TLS support'* ]]; then
    report_not_run "TLS on $server: this build of it has none"
    filter=(--gtest_filter=-TlsConnectionTest.*)
  fi
  for test in "$@"; do
    run_gtest "$test (release, $server)" "build/release/tests/$test" "${filter[@]}"
  done
}

# ctest knows each test of each program by name, and can run several at once.
ctest_lists_every_test() {
  local listed expected program
  listed=$(ctest --preset release --show-only | sed -n 's/^Total Tests: //p') || return 1
  expected=$(for program in build/release/tests/{,core/}ficha_*_tests; do "$program" --gtest_list_tests; done | grep -c '^  ')
  echo "ctest lists ${listed:-no} tests of $expected"
  [[ $listed == "$expected" ]]
}

suite_core() {
  if build release; then
    run_core_programs release ficha_core_tests ficha_store_tests ficha_race_tests ficha_coherence_tests ficha_soak_tests
    tests_on Valkey valkey valkey-server core/ficha_store_tests core/ficha_coherence_tests
    tests_on "Redis 8" redis8 redis-server-8 core/ficha_store_tests
    check "ctest lists every test by name" ctest_lists_every_test
    check "ctest runs tests that start servers beside one another" ctest --preset release -j "$cores" -R RedisTouchTest
    package_tests
  fi
  if build debug; then run_core_programs debug ficha_core_tests ficha_store_tests; fi
}
