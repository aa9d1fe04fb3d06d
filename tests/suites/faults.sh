# Real faults of a real server, each with the error it must give and the recovery that must follow.
# shellcheck shell=bash

suite_faults() {
  if build debug; then
    run_gtest "ficha_faults_tests (debug)" build/debug/tests/ficha_faults_tests
  fi
}
