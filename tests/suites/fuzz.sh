# Every parser that meets hostile bytes, under libFuzzer with ASan and UBSan.
# shellcheck shell=bash

fuzz_one() {
  local target=$1 name=${1##*/} work
  work=build/fuzz/corpus/$name
  mkdir -p "$work" build/fuzz/artifacts
  local seeds=tests/fuzz/corpus/$name dictionary=tests/fuzz/$name.dict arguments=()
  if [[ -d $seeds ]]; then arguments+=("$seeds"); fi
  if [[ -e $dictionary ]]; then arguments+=("-dict=$dictionary"); fi
  "$target" -max_total_time="${FICHA_FUZZ_SECONDS:-30}" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/artifacts/$name-" "$work" "${arguments[@]}" >"build/fuzz/$name.log" 2>&1
}

fuzz_smoke() {
  local target name count
  local -a targets
  mapfile -t targets < <(find build/fuzz/tests/fuzz -maxdepth 1 -name '*_fuzz' -type f -executable | sort)
  heading "fuzzing ${#targets[@]} targets, ${FICHA_FUZZ_SECONDS:-30} s each, two at a time"
  local -A running
  for target in "${targets[@]}"; do
    while (($(jobs -rp | wc -l) >= 2)); do wait -n; done
    fuzz_one "$target" &
    running[$target]=$!
  done
  for target in "${targets[@]}"; do
    name=${target##*/}
    if wait "${running[$target]}"; then
      count=$(sed -n 's/^stat::number_of_executed_units: *//p' "build/fuzz/$name.log")
      report_pass "$name: ${count:-no} inputs"
    else
      report_failure "$name (log: build/fuzz/$name.log)"
      grep -E -A25 'ERROR|runtime error|Test unit written' "build/fuzz/$name.log" | head -n 60
    fi
  done
}

suite_fuzz() {
  if build fuzz; then fuzz_smoke; fi
}
