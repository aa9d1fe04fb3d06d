# The releases of Node that the package runs on, beside the one the machine has.
# shellcheck shell=bash

# The oldest release the package promises, and the newest there is.
# shellcheck disable=SC2034  # for those who source this
readonly oldest_node=20 newest_node=26

# node_release VERSION: prints the path of the node of that release; installed below build/ where the machine's is another.
node_release() {
  local version=$1 directory=$PWD/build/node-$1 package node
  if [[ $(node --version) == "v$version."* ]]; then
    command -v node
    return
  fi
  package=node-linux-$(node -p process.arch) # what the package "node" installs by a script
  node=$directory/node_modules/$package/bin/node
  mkdir -p "$directory"
  [[ -e $directory/package.json ]] || printf '{"private": true}\n' >"$directory/package.json"
  npm install --prefix "$directory" --no-audit --no-fund --no-package-lock --loglevel=error "$package@$version" >&2 || return 1
  [[ $("$node" --version) == "v$version."* ]] || return 1
  printf '%s\n' "$node"
}
