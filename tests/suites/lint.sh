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

lint_cxx_format() {
  git ls-files '*.cpp' '*.hpp' '*.h' | xargs clang-format --dry-run -Werror
}

suite_lint() {
  heading "lint"
  check "C++ is formatted (.clang-format)" lint_cxx_format
  check "shell scripts pass shellcheck" lint_shell
  if build tidy; then report_pass "the core passes clang-tidy (.clang-tidy)"; fi
}
