# The editable installations of CONTRIBUTING.md, for tests that run them as they stand there. Sourced.
# shellcheck shell=bash

# editable HEADING NUMBER: the commands in that code block below that heading.
editable() {
  awk -v heading="### $1" -v number="$2" '
    /^```/ { code = !code; if (code && here) ++block; next }
    code { if (here && block == number) print; next }
    /^#/ { here = $0 == heading }' CONTRIBUTING.md
}

# run_editable HEADING NUMBER: from the top of the repository; fails with the first of them that does, or if there is none.
run_editable() {
  local commands
  commands=$(editable "$1" "$2")
  [[ -n $commands ]] && bash -euo pipefail -c "$commands"
}

# edit FILE…: as an editor saves them, with the same text. What is built of them comes later.
edit() {
  touch -- "$@"
}
