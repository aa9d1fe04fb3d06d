# The code of README.md, for tests that run it as it stands there. Sourced.
# shellcheck shell=bash

# first_readme_code LANGUAGE README: the first such block.
first_readme_code() {
  awk -v begin="\`\`\`$1" '$0 == begin { inside = 1; next } $0 == "```" && inside { exit } inside' "$2"
}

# readme_code LANGUAGE README: what its ```LANGUAGE blocks hold, with a store that needs no server.
readme_code() {
  awk -v begin="\`\`\`$1" '$0 == begin { inside = 1; next } $0 == "```" { inside = 0 } inside' "$2" |
    sed 's|redis://127.0.0.1:6379/0|memory://|'
}
