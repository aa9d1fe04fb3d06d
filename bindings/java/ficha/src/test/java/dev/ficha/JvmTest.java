package dev.ficha;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ficha.internal.Native;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A JVM of its own, from its start to its exit. */
class JvmTest {
    private RedisServer redis;

    @BeforeEach
    void start() {
        redis = new RedisServer();
    }

    @AfterEach
    void stop() {
        redis.close();
    }

    private record Outcome(int status, String output) {}

    private static Outcome run(List<String> options, Class<?> program, String... arguments) throws Exception {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), program.getName()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(60, TimeUnit.SECONDS), "the JVM did not exit");
        return new Outcome(process.exitValue(), output);
    }

    /** Uses every native function. */
    static final class UsesEverything {
        public static void main(String[] arguments) {
            String toml =
                    "[redis]\nurl = \"" + arguments[0] + "\"\n[csrf]\nmode = \"token\"\n[[rule]]\npath = \"/**\"\n";
            for (int round = 0; round < 3; round++) {
                try (FichaClient client = FichaClient.ofToml(toml)) {
                    Session session = client.create(NewSession.of("alice").attribute("big", "x".repeat(20_000)));
                    String token = session.token().orElseThrow();
                    var request = HttpRequest.builder("GET", "/")
                            .header("Authorization", "Bearer " + token)
                            .build();
                    Decision decision = client.authorizeAsync(request).join();
                    for (int i = 0; i < 100; i++) decision = client.authorize(request);
                    client.require(Requirement.roles("admin"), decision);
                    client.setCookie(session);
                    client.clearCookie();
                    client.csrfToken(token);
                    client.idOf(token);
                    client.isIdentityHeader("X-User");
                    client.stats();
                    client.prometheus("ficha");
                    client.load(token);
                    client.list("alice");
                    client.revoke(session.id());
                }
            }
            System.out.println("done");
        }
    }

    @Test
    void theJniChecksFindNothing() throws Exception {
        Outcome outcome = run(List.of("-Xcheck:jni"), UsesEverything.class, redis.url());
        assertTrue(outcome.output.contains("done"), outcome.output);
        assertFalse(outcome.output.contains("in native method"), outcome.output);
        assertEquals(0, outcome.status);
    }

    /** Ends while operations are under way that will never be answered. */
    static final class ExitsInFlight {
        public static void main(String[] arguments) {
            FichaClient client = FichaClient.ofToml("[redis]\nurl = \"" + arguments[0]
                    + "\"\ncommand_timeout = \"20s\"\noperation_timeout = \"40s\"\n");
            System.out.println("in flight");
            for (int i = 0; i < 100; i++) client.createAsync(NewSession.anonymous());
            if (arguments[1].equals("exit")) System.exit(3);
        }
    }

    @Test
    void aJvmExitsWithOperationsInFlight() throws Exception {
        redis.pause();
        try {
            for (int round = 0; round < 5; round++) {
                Outcome returned = run(List.of(), ExitsInFlight.class, redis.url(), "return");
                assertEquals(0, returned.status, returned.output);
                Outcome exited = run(List.of(), ExitsInFlight.class, redis.url(), "exit");
                assertEquals(3, exited.status, exited.output);
                assertFalse(exited.output.contains("fatal error"), exited.output);
            }
        } finally {
            redis.resume();
        }
    }

    /** Abandons clients without closing them, and waits until their native memory is back. */
    static final class Abandons {
        public static void main(String[] arguments) throws Exception {
            for (int i = 0; i < 20; i++) FichaClient.open("memory://").create(NewSession.of("alice"));
            while (Native.unreleasedHandles() > 0) {
                System.gc();
                Thread.sleep(10);
            }
            System.out.println("released");
        }
    }

    @Test
    void abandonedClientsAreCleanedUp() throws Exception {
        assertTrue(run(List.of(), Abandons.class).output.contains("released"));
    }
}
