# Where packaging/setup puts what the distribution lacks; programs there come first. Sourced.
# shellcheck shell=bash
export FICHA_DEPS_PREFIX=${FICHA_DEPS_PREFIX:-${XDG_CACHE_HOME:-$HOME/.cache}/ficha/deps}
export PATH=$FICHA_DEPS_PREFIX/bin:$PATH
