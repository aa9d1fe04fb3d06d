# What the suites share: counting, and running test programs. Sourced by tests/run, from the top of the repository.
# shellcheck shell=bash

passed=0
failed=0
failures=()
not_run=()

cores=$(nproc)
readonly cores
# No single test program may take longer; with --long, ten times as long.
readonly program_limit_seconds=900

heading() { printf '\n== %s (%d s)\n' "$*" "$SECONDS"; }

report_pass() {
  passed=$((passed + 1))
  printf 'ok       %s\n' "$1"
}

report_failure() {
  failed=$((failed + 1))
  failures+=("$1")
  printf 'FAILED   %s\n' "$1"
}

# report_not_run WHAT: for what a machine can lack without anything being broken, with the reason in it. Shown again at the end.
report_not_run() {
  not_run+=("$1")
  printf 'not run  %s\n' "$1"
}

# check SENTENCE COMMAND…: one test, which passes when the command does. Its output shows only when it fails.
check() {
  local sentence=$1 output
  shift
  if output=$("$@" 2>&1); then
    report_pass "$sentence"
  else
    report_failure "$sentence"
    printf '%s\n' "$output" | tail -n 60 | sed 's/^/         /'
  fi
}

# What the suites use of each preset's build; all of it, where nothing is named.
declare -rA preset_targets=(
  [debug]="ficha_core_tests ficha_store_tests ficha_faults_tests"
  [tsan]="ficha_thread_tests ficha_store_tests ficha_race_tests"
  [tidy]="ficha"
  [coverage]="ficha_core_tests ficha_store_tests ficha_faults_tests"
)

# compile PRESET [TARGET…]: configures and builds, one process at a time for each preset.
compile() {
  local preset=$1
  shift
  local targets=("$@")
  if (($# == 0)); then read -ra targets <<<"${preset_targets[$preset]:-all}"; fi
  mkdir -p build
  (
    flock 9
    cmake --preset "$preset" && cmake --build "build/$preset" -j "$cores" --target "${targets[@]}"
  ) 9>"build/$preset.lock" >"build/$preset.log" 2>&1
}

# build PRESET [TARGET…]: compiles; a failure counts as a failed test.
build() {
  heading "building $1"
  if compile "$@"; then return 0; fi
  report_failure "building $1 (whole log: build/$1.log)"
  grep -E -A12 'error:|Error|FAILED' "build/$1.log" | head -n 80
  return 1
}

# build_ahead PRESET…: compiles in the background, one after the other, while tests wait for their servers. What fails
# there fails again, and is reported, when its suite comes to it.
build_ahead() {
  set -m # a process group of its own, to be ended as one
  (
    renice -n 19 -p "$BASHPID" >/dev/null
    for preset in "$@"; do compile "$preset"; done
  ) &
  set +m
  # shellcheck disable=SC2064  # of this process
  trap "kill -- -$! 2>/dev/null" EXIT
}

# run_gtest NAME PROGRAM [ARGUMENT…]: adds a GoogleTest program's tests to the count. A skipped test counts as failed, and
# so does a program that dies or runs none.
run_gtest() {
  local name=$1 log status ran ok skipped limit=$program_limit_seconds
  shift
  if [[ -n ${FICHA_LONG:-} ]]; then limit=$((10 * limit)); fi
  heading "$name"
  log=$(mktemp)
  timeout --kill-after=10 "$limit" "$@" 2>&1 | tee "$log" | grep -vE '^(\[ RUN      |\[       OK |\[-----|$)'
  status=${PIPESTATUS[0]}
  ran=$(sed -nE 's/^\[==========\] ([0-9]+) tests? from .* ran\..*/\1/p' "$log" | tail -n 1)
  ok=$(sed -nE 's/^\[  PASSED  \] ([0-9]+) tests?\..*/\1/p' "$log" | tail -n 1)
  skipped=$(sed -nE 's/^\[  SKIPPED \] ([0-9]+) tests?.*/\1/p' "$log" | tail -n 1)
  passed=$((passed + ${ok:-0}))
  while read -r test; do
    report_failure "$name: $test"
  done < <(sed -nE 's/^\[  FAILED  \] ([A-Za-z_][^ ,]*).*/\1/p' "$log" | sort -u)
  if [[ -z $ran ]]; then
    report_failure "$name ended with status $status in $(sed -n 's/^\[ RUN      \] //p' "$log" | tail -n 1)"
  elif ((ran == 0)); then
    report_failure "$name ran no test"
  elif ((status != 0 && ok == ran)); then
    report_failure "$name exited with status $status after its tests passed"
  fi
  if ((skipped)); then report_failure "$name skipped $skipped tests"; fi
  rm -f "$log"
}

# Every test program that the preset's build made, of those named.
run_core_programs() {
  local preset=$1 program directory
  shift
  for program in "$@"; do
    directory=build/$preset/tests/core
    if [[ -x $directory/$program ]]; then run_gtest "$program ($preset)" "$directory/$program"; fi
  done
}
