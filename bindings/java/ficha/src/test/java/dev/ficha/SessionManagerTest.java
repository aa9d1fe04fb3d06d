package dev.ficha;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
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
        client = FichaClient.open(redis.url());
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

    @Test
    void aTimeoutIsAtLeastASecond() {
        assertThrows(FichaException.InvalidArgument.class, () -> SessionManager.setSessionTimeout(0));
    }
}
