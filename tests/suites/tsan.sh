# The core under ThreadSanitizer.
# shellcheck shell=bash

suite_tsan() {
  if build tsan; then run_core_programs tsan ficha_core_tests ficha_store_tests ficha_race_tests; fi
}
