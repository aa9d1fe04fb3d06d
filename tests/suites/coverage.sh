# Line coverage of core/ by the unit, store and fault tests.
# shellcheck shell=bash
: "${cores:?is set by tests/suites/lib.sh}"

readonly coverage_target_percent=90

suite_coverage() {
  build coverage || return
  find build/coverage -name '*.gcda' -delete
  local program
  for program in core/ficha_core_tests core/ficha_store_tests ficha_faults_tests; do
    if [[ -x build/coverage/tests/$program ]]; then run_gtest "$program (coverage)" "build/coverage/tests/$program"; fi
  done
  heading "core line coverage"
  check "at least $coverage_target_percent % of the core's lines are covered" \
    gcovr --root . --filter core/ --object-directory build/coverage -j "$cores" --txt build/coverage/coverage.txt \
    --fail-under-line "$coverage_target_percent"
  cat build/coverage/coverage.txt
}
