package dev.ficha;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** store.json (tests/conformance/README.md): what each operation on a store answers, alike in every language. */
@ExtendWith(NoLeakedHandles.class)
class StoreVectorsTest {
    private final Map<String, Object> vectors;
    private final long start;

    StoreVectorsTest() throws Exception {
        vectors = Vectors.load("store.json");
        start = (Long) Vectors.object(vectors, "start").get("unix_seconds");
    }

    @Test
    void everyOperationAnswersAsInAllLanguagesInMemory() {
        runAll("cases", (number, session) -> FichaClient.of(settings("memory://", session)));
    }

    @Test
    void everyOperationAnswersAsInAllLanguagesOnRedis() {
        try (var redis = new RedisServer()) {
            runAll("cases", (number, session) -> {
                var settings = settings(redis.url(), session);
                settings.put("redis.namespace", "v" + number);
                return FichaClient.of(settings);
            });
        }
    }

    @Test
    void sessionsLiveAsLongAsInAllLanguages() {
        runAll("timed", (number, session) -> FichaClient.of(settings("memory://", session), 1000 * start));
    }

    private static Map<String, Object> settings(String url, Map<String, Object> session) {
        var settings = new HashMap<String, Object>(RedisServer.settings(url));
        session.forEach((name, value) -> settings.put("session." + name, value));
        return settings;
    }

    private void runAll(String part, BiFunction<Integer, Map<String, Object>, FichaClient> open) {
        long checks = 0;
        int number = 0;
        for (var test : Vectors.cases(vectors, part)) {
            try (FichaClient client = open.apply(++number, Vectors.object(test, "session"))) {
                var run = new Run(client);
                int index = 0;
                for (var step : Vectors.cases(test, "steps")) {
                    run.compare(step, test.get("name") + ": step " + ++index + ", " + step.get("do"));
                }
                checks += run.checks;
            }
        }
        var counts = Vectors.object(vectors, "counts");
        assertEquals(counts.get(part), (long) number);
        assertEquals(counts.get(part + "_checks"), checks);
    }

    /** One case on a client of its own. */
    private final class Run {
        private final StoreSteps steps;
        private long checks;

        Run(FichaClient client) {
            steps = new StoreSteps(client);
        }

        void compare(Map<String, Object> step, String where) {
            if (step.containsKey("error")) {
                compareError(step, where);
                return;
            }
            Object answer = steps.perform(step, where);
            if (!step.containsKey("expect")) return;
            Object expected = step.get("expect");
            boolean live = step.get("do").equals("live");
            if (expected == null) {
                checks++;
                assertNull(steps.shown(), where);
            } else if (expected instanceof Map<?, ?> fields && !live) {
                assertNotNull(steps.shown(), where);
                fields.forEach((field, value) -> compareField((String) field, value, where + ": " + field));
            } else {
                checks += live ? ((Map<?, ?>) expected).size() : 1;
                assertEquals(expected, answer, where);
            }
        }

        private void compareError(Map<String, Object> step, String where) {
            var error = assertThrows(FichaException.class, () -> steps.perform(step, where), where);
            checks++;
            assertEquals(step.get("error"), error.code().toString(), where);
            if (step.get("names") instanceof String name) {
                checks++;
                assertTrue(error.getMessage().contains(name), where + ": does not name " + name);
            }
            if (step.get("lacks") instanceof String secret) {
                checks++;
                assertFalse(error.getMessage().contains(secret), where + ": holds a value");
            }
        }

        private void compareField(String field, Object expected, String where) {
            checks++;
            Object found =
                    switch (field) {
                        case "same_as" -> steps.shown().id();
                        case "created_at", "authenticated_at", "expires_at", "idle_deadline" -> field(field) - start;
                        default -> StoreSteps.field(steps.shown(), field);
                    };
            Object wanted =
                    field.equals("same_as") ? steps.issued((String) expected).id() : steps.nativeValue(expected);
            assertEquals(wanted, found, where);
        }

        private long field(String name) {
            return ((Instant) StoreSteps.field(steps.shown(), name)).getEpochSecond();
        }
    }
}
