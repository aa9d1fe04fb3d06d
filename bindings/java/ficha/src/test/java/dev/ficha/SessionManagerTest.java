package dev.ficha;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(NoLeakedHandles.class)
class SessionManagerTest {
    private RedisServer redis;
    private FichaClient client;

    @BeforeEach
    void start() {
        redis = new RedisServer();
        client = redis.client();
        SessionManager.use(client);
    }

    @AfterEach
    void stop() {
        SessionManager.setSessionTimeout(null);
        SessionManager.use(null);
        client.close();
        redis.close();
    }

    @Test
    void aSessionIsMadeReadChangedAndRemoved() {
        String id = SessionManager.create("{\"user\":\"alice\"}");
        assertEquals("{\"user\":\"alice\"}", SessionManager.get(id));
        SessionManager.update(id, "plain text é");
        assertEquals("plain text é", SessionManager.get(id));
        SessionManager.refresh(id);
        SessionManager.remove(id);
        assertNull(SessionManager.get(id));
        SessionManager.remove(id);
        SessionManager.refresh(id);
    }

    @Test
    void anUpdateNeverRevivesARemovedSession() throws Exception {
        String id = SessionManager.create("a");
        SessionManager.remove(id);
        assertThrows(FichaException.SessionGone.class, () -> SessionManager.update(id, "b"));
        assertNull(SessionManager.get(id));
        assertEquals("0", redis.cli("DBSIZE"));
    }

    @Test
    void everySessionKeyHasATimeToLiveFromItsFirstMoment() throws Exception {
        SessionManager.setSessionTimeout(100);
        SessionManager.create("a");
        for (String key : redis.cli("--scan").split("\n")) {
            long ttl = Long.parseLong(redis.cli("TTL", key));
            assertTrue(ttl > 0, "a key without a time to live");
            if (redis.cli("TYPE", key).equals("string")) assertTrue(ttl <= 107, "TTL " + ttl);
        }
    }

    @Test
    void anotherKeyOfTheSameRedisIsNoSession() throws Exception {
        redis.cli("SET", "app:config", "secret");
        assertNull(SessionManager.get("app:config"));
        assertNull(SessionManager.get(null));
        SessionManager.remove("app:config");
        assertEquals("secret", redis.cli("GET", "app:config"));
        assertThrows(FichaException.SessionGone.class, () -> SessionManager.update("app:config", "x"));
    }

    @Test
    void theIdIsNotInRedis() throws Exception {
        String id = SessionManager.create("a");
        assertFalse(redis.cli("--scan").contains(id.substring(10, 40)));
    }

    @Test
    void hundredsOfThreadsShareOneConnection() throws Exception {
        String id = SessionManager.create("a");
        var executor = Executors.newFixedThreadPool(200);
        var reads = new ArrayList<Future<String>>();
        for (int i = 0; i < 2000; i++) reads.add(executor.submit(() -> SessionManager.get(id)));
        for (Future<String> read : reads) assertEquals("a", read.get());
        executor.shutdown();
        assertTrue(client.stats().connects() <= 2);
    }

    /** Writes sessions until it is killed. */
    static final class Writes {
        public static void main(String[] arguments) {
            SessionManager.setSessionTimeout(100);
            for (int i = 0; ; i++) {
                String id = SessionManager.create("a");
                SessionManager.update(id, "b");
                SessionManager.refresh(id);
                if (i % 100 == 0) System.out.println("written");
            }
        }
    }

    @Test
    void noSessionOutlivesAServiceThatIsKilledBetweenItsCommands() throws Exception {
        for (int round = 0; round < 3; round++) {
            Process service = new ChildJvm("-Ddev.ficha.config=" + redis.url()).start(Writes.class);
            assertEquals("written", service.inputReader().readLine());
            service.destroyForcibly().waitFor();
        }
        long immortal = Long.parseLong(redis.cli(
                "EVAL",
                "local n = 0 for _, key in ipairs(redis.call('KEYS', '*')) do if redis.call('TTL', key) < 0 then n = n + 1 end end return n",
                "0"));
        assertEquals(0, immortal);
        assertTrue(Long.parseLong(redis.cli("DBSIZE")) > 0);
    }

    @Test
    void aBusySessionEndsByTheAbsoluteTimeoutAllTheSame() {
        try (FichaClient clocked = FichaClient.of(
                Map.of("redis.url", "memory://", "session.idle_timeout", "10m", "session.absolute_timeout", "1h"),
                1_800_000_000_000L)) {
            SessionManager.use(clocked);
            String id = SessionManager.create("a");
            for (int minute = 5; minute < 60; minute += 5) {
                clocked.advanceClock(Duration.ofMinutes(5));
                SessionManager.refresh(id);
                assertEquals("a", SessionManager.get(id));
            }
            clocked.advanceClock(Duration.ofMinutes(5));
            SessionManager.refresh(id);
            assertNull(SessionManager.get(id));
        }
    }

    @Test
    void anIdleSessionEndsByTheTimeoutThatWasSet() {
        try (FichaClient clocked = FichaClient.of(Map.of("redis.url", "memory://"), 1_800_000_000_000L)) {
            SessionManager.use(clocked);
            SessionManager.setSessionTimeout(160);
            String id = SessionManager.create("a");
            clocked.advanceClock(Duration.ofSeconds(159));
            assertEquals("a", SessionManager.get(id));
            clocked.advanceClock(Duration.ofSeconds(171));
            assertNull(SessionManager.get(id));
        }
    }

    @Test
    void aTimeoutIsAtLeastASecond() {
        assertThrows(FichaException.InvalidArgument.class, () -> SessionManager.setSessionTimeout(0));
    }

    @Test
    void dataBeyond64KibIsRefused() {
        try (FichaClient memory = FichaClient.of(Map.of("redis.url", "memory://"))) {
            SessionManager.use(memory);
            String id = SessionManager.create("x".repeat((64 << 10) - 2));
            FichaException refused =
                    assertThrows(FichaException.class, () -> SessionManager.update(id, "x".repeat((64 << 10) - 1)));
            assertEquals(ErrorCode.TOO_LARGE, refused.code());
        }
    }
}
