package dev.ficha;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Memory of the JVM and of the core beneath it. */
class MemoryTest {
    private static RedisServer redis;

    @BeforeAll
    static void start() {
        redis = new RedisServer();
    }

    @AfterAll
    static void stop() {
        redis.close();
    }

    /** A million requests: most are hits, some ask Redis, some write. Prints how much memory the last 600,000 took. */
    static final class ServesAMillion {
        private static final int REQUESTS = 1_000_000;
        private static final int WARM = 400_000;

        public static void main(String[] arguments) throws Exception {
            try (FichaClient client = FichaClient.of(
                    RedisServer.settings(arguments[0], "rule[0].path", "/**", "rule[0].allow", "authenticated"))) {
                var tokens = new ArrayList<String>();
                for (int i = 0; i < 100; i++) {
                    var session = NewSession.of("user-" + i).roles("customer").attribute("n", i);
                    tokens.add(client.create(session).token().orElseThrow());
                }
                long warm = 0;
                for (int i = 0; i < REQUESTS; i++) {
                    serve(client, tokens.get(i % 100), i);
                    if (i == WARM) warm = residentKib();
                }
                System.out.println("grown by " + (residentKib() - warm) + " KiB");
            }
        }

        private static void serve(FichaClient client, String token, int i) {
            Decision decision = client.authorize(HttpRequest.builder("GET", "/accounts/" + i)
                    .header("Cookie", "__Host-ficha=" + token)
                    .build());
            Session session = decision.session().orElseThrow();
            if (i % 100 == 1) client.patch(session.id(), Patch.create().set("n", i));
            if (i % 100 == 2) client.loadAsync(token, true, true).join().orElseThrow();
            if (i % 1000 == 3)
                client.revoke(client.create(NewSession.of("guest")).id());
        }

        private static long residentKib() throws Exception {
            System.gc();
            var line = Pattern.compile("VmRSS:\\s+(\\d+) kB").matcher(Files.readString(Path.of("/proc/self/status")));
            return line.find() ? Long.parseLong(line.group(1)) : 0;
        }
    }

    @Test
    void aMillionRequestsLeaveNoMemoryBehind() throws Exception {
        var outcome = new ChildJvm("-Xms64m", "-Xmx64m", "-XX:+AlwaysPreTouch").run(ServesAMillion.class, redis.url());
        var grown = Pattern.compile("grown by (-?\\d+) KiB\n").matcher(outcome.output());
        assertTrue(grown.matches(), outcome.output());
        assertTrue(Long.parseLong(grown.group(1)) < 8 * 1024, outcome.output());
    }

    /** Asks for more than the heap holds, and keeps it. */
    static final class RunsOutOfMemory {
        public static void main(String[] arguments) {
            try (FichaClient client = FichaClient.of(RedisServer.settings(arguments[0], "near_cache.enabled", false))) {
                var large = NewSession.of("alice");
                for (String name : new String[] {"a", "b", "c"}) large.attribute(name, "x".repeat(60_000));
                String token = client.create(large).token().orElseThrow();
                var loads = new ArrayList<CompletableFuture<Optional<Session>>>();
                for (int i = 0; i < 150; i++) loads.add(client.loadAsync(token, false, false));
                int answered = 0;
                int failed = 0;
                for (var load : loads) {
                    if (ended(load)) answered++;
                    else failed++;
                }
                loads.clear();
                Session again = client.load(token).orElseThrow();
                System.out.println(
                        answered > 0 && failed > 0 && again.principal().equals("alice")
                                ? "survived"
                                : answered + " answered");
            }
        }

        private static boolean ended(CompletableFuture<Optional<Session>> load) {
            try {
                return load.join().isPresent();
            } catch (CompletionException | OutOfMemoryError e) {
                return false;
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"-XX:+UseSerialGC", "-XX:+UseG1GC"})
    void answersForWhichTheHeapHasNoRoomFailAndTheOthersArrive(String collector) throws Exception {
        for (int round = 0; round < 3; round++) {
            var outcome = new ChildJvm("-Xmx16m", collector).run(RunsOutOfMemory.class, redis.url());
            // The machine itself may report a worker of the common pool that died before.
            assertTrue(outcome.output().endsWith("survived\n"), outcome.output());
        }
    }
}
