# Formatting and static analysis with the pinned configurations at the top of the repository.
# shellcheck shell=bash
: "${cores:?is set by tests/suites/lib.sh}"

tidy_core() {
  git ls-files 'core/src/*.cpp' | xargs -P "$cores" -n 2 clang-tidy --quiet -p build/release 2>/dev/null
}

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

lint_cxx_format() {
  git ls-files '*.cpp' '*.hpp' '*.h' | xargs clang-format --dry-run -Werror
}

suite_lint() {
  heading "lint"
  check "C++ is formatted (.clang-format)" lint_cxx_format
  check "shell scripts pass shellcheck" lint_shell
  if cmake --preset release >build/lint.log 2>&1 && cmake --build build/release --target ficha -j "$cores" >>build/lint.log 2>&1; then
    check "the core passes clang-tidy (.clang-tidy)" tidy_core
  else
    report_failure "building the core for clang-tidy (log: build/lint.log)"
  fi
}
