# What several threads of the core do at once, under ThreadSanitizer.
# shellcheck shell=bash

threads_are_listed() {
  local file
  ! grep -lE 'std::j?thread|fork\(\)' tests/core/unit/*_test.cpp | while read -r file; do
    grep -q "unit/${file##*/}" tests/core/CMakeLists.txt || echo "$file is not among ficha_thread_tests"
  done | grep .
}

suite_tsan() {
  local -x TSAN_OPTIONS="suppressions=$PWD/tests/tsan.supp"
  check "every unit test that starts threads runs under ThreadSanitizer" threads_are_listed
  if build tsan; then
    run_core_programs tsan ficha_thread_tests ficha_race_tests
    # The sanitizer makes system calls of its own; the store in memory has no thread.
    run_gtest "ficha_store_tests (tsan)" build/tsan/tests/core/ficha_store_tests --gtest_filter='-*/Memory:NearCacheHitTest.AnAuthorizedHitMakesNoSystemCall'
  fi
}
