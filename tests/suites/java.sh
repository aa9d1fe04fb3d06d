# The Java artifacts: built and tested by Maven on the distribution's JDK, the lower one tested again on the newest JDK of
# this machine; then the quickstart.
# shellcheck shell=bash
: "${program_limit_seconds:?is set by tests/suites/lib.sh}"

# The home of the newest JDK installed, from JDK 21, which brought virtual threads.
newest_jdk() {
  local home version newest="" newest_version=20
  for home in /usr/lib/jvm/*/; do
    [[ -x ${home}bin/javac ]] || continue
    version=$(sed -nE 's/^JAVA_VERSION="([0-9]+).*/\1/p' "${home}release" 2>/dev/null)
    if ((${version:-0} > newest_version)); then
      newest=${home%/} newest_version=$version
    fi
  done
  printf '%s' "$newest"
}

# run_maven NAME JAVA_HOME ARGUMENT…: adds the tests of every module to the count. A skipped test counts as failed.
run_maven() {
  local name=$1 home=$2 log="build/java-${1// /-}.log" status report counts run failures errors skipped test
  shift 2
  heading "mvn $*, $name"
  rm -rf bindings/java/*/target/surefire-reports
  JAVA_HOME=$home timeout --kill-after=10 "$program_limit_seconds" \
    mvn --batch-mode --no-transfer-progress --file bindings/java/pom.xml -Dwarnings.fail=true "$@" >"$log" 2>&1
  status=$?
  for report in bindings/java/*/target/surefire-reports/*.txt; do
    [[ -e $report ]] || continue
    counts=$(sed -nE 's/^Tests run: ([0-9]+), Failures: ([0-9]+), Errors: ([0-9]+), Skipped: ([0-9]+),.*/\1 \2 \3 \4/p' "$report")
    read -r run failures errors skipped <<<"$counts"
    passed=$((passed + run - failures - errors - skipped))
    while read -r test; do
      report_failure "$name: $test"
    done < <(sed -nE 's/^([A-Za-z0-9_.$]+) .*<<< (FAILURE|ERROR)!$/\1/p' "$report")
    if ((skipped)); then report_failure "$name: ${report##*/} skipped $skipped tests"; fi
    printf 'ok       %3d of %3d: %s\n' "$((run - failures - errors - skipped))" "$run" "$(basename "$report" .txt)"
  done
  if ((status != 0)); then
    report_failure "mvn $*, $name, ended with status $status (whole log: $log)"
    grep -E '^\[ERROR\]' "$log" | head -n 40
  fi
}

# The quickstart on no server: the tour that all languages' quickstarts pass.
java_quickstart() {
  local port service status=1
  mvn --batch-mode --quiet --file examples/quickstart/java/pom.xml package || return 1
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  # shellcheck source=/dev/null
  source examples/quickstart/tour.sh
  FICHA_REDIS_URL=memory:// java -jar examples/quickstart/java/target/quickstart.jar examples/quickstart/ficha.toml "$port" &
  service=$!
  if curl --silent --output /dev/null --retry 60 --retry-delay 1 --retry-connrefused "http://localhost:$port/"; then
    check_tour "http://localhost:$port"
    status=$?
  fi
  kill "$service"
  wait "$service" 2>/dev/null
  return "$status"
}

# The dependency, the property and the controller of README.md, as a Spring Boot application: one request puts something into
# the session, the next finds it there.
readme_application_runs() {
  local project=build/java-readme port service cookie theme
  # shellcheck source=tests/suites/readme.sh
  source tests/suites/readme.sh
  mkdir -p "$project/src/main/java/readme" "$project/src/main/resources"
  if [[ $(tr -d ' \n' <examples/quickstart/java/pom.xml) != *$(readme_code xml README.md | tr -d ' \n')* ]]; then
    echo "the quickstart depends on something else than the README says"
    return 1
  fi
  cp examples/quickstart/java/pom.xml "$project"
  readme_code properties README.md >"$project/src/main/resources/application.properties"
  {
    printf 'import %s;\n' jakarta.servlet.http.HttpSession org.springframework.boot.SpringApplication \
      org.springframework.boot.autoconfigure.SpringBootApplication 'org.springframework.web.bind.annotation.*'
    readme_code java README.md
    cat <<'JAVA'
@SpringBootApplication
@RestController
public class Readme {
    public static void main(String[] arguments) {
        SpringApplication.run(Readme.class, arguments);
    }

    @GetMapping("/theme")
    String theme(HttpSession session) {
        return (String) session.getAttribute("theme");
    }
}
JAVA
  } | sed '1i package readme;' >"$project/src/main/java/readme/Readme.java"
  mvn --batch-mode --quiet --file "$project/pom.xml" package || return 1
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  java -XX:TieredStopAtLevel=1 -jar "$project/target/quickstart.jar" --server.port="$port" &
  service=$!
  cookie=$(curl --silent --retry 60 --retry-delay 1 --retry-connrefused --request POST --dump-header - --output /dev/null \
    "http://localhost:$port/theme/dark" | sed -nE 's/^set-cookie: (__Host-ficha=[^;]+).*/\1/Ip')
  theme=$(curl --silent --header "Cookie: $cookie" "http://localhost:$port/theme")
  kill "$service"
  wait "$service" 2>/dev/null
  if [[ -z $cookie || $theme != dark ]]; then
    echo "the session lost what was put into it"
    return 1
  fi
}

# What was edited is in the jar that applications find, native code and Java, once the same command has run again.
java_edits_are_installed() {
  # shellcheck source=tests/suites/editable.sh
  source tests/suites/editable.sh
  local edited=(bindings/java/native/answers.cpp bindings/java/ficha/src/main/java/dev/ficha/Stats.java) classes file jar
  classes=bindings/java/ficha/target/classes
  edit "${edited[@]}"
  run_editable Java 1 >build/java-editable.log || { cat build/java-editable.log; return 1; }
  # Where the local repository is, is Maven's to say.
  jar=$(sed -nE 's|.*Installing .* to (.*/dev/ficha/ficha/[^/]+/ficha-[0-9.]+\.jar)$|\1|p' build/java-editable.log)
  for file in "$classes"/dev/ficha/native/*/*.so "$classes/dev/ficha/Stats.class" "$jar"; do
    [[ $file -nt ${edited[0]} && $file -nt ${edited[1]} ]] || { echo "$file is old"; return 1; }
  done
}

suite_java() {
  local newest
  packaging/setup java || {
    report_failure "packaging/setup java"
    return
  }
  mkdir -p build
  # For what is built on them, whatever the tests say.
  # shellcheck source=tests/suites/editable.sh
  source tests/suites/editable.sh
  check "the jars are built and installed without their tests, as CONTRIBUTING.md says" run_editable Java 1
  check "so are edits, by the same command" java_edits_are_installed
  run_maven "default JDK" "${JAVA_HOME:-}" verify
  # What a JDK can change is in the lower jar; the starter runs on this one in the suite peers.
  newest=$(newest_jdk)
  if [[ -n $newest ]]; then
    run_maven "${newest##*/}" "$newest" --projects ficha -Dexec.skip -Dspotless.check.skip test
  fi
  check "the native library is hardened" tests/hardening/check --built-by bindings/java/ficha/target/native/build.ninja \
    bindings/java/ficha/target/classes/dev/ficha/native/*/*.so
  heading "quickstart"
  check "the quickstart passes the tour on memory://" java_quickstart
  check "the README's application runs" readme_application_runs
}
