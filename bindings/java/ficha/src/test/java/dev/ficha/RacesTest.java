package dev.ficha;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Requests that meet at one session, from two services: two clients, each with its connection and its cache. */
@ExtendWith(NoLeakedHandles.class)
class RacesTest {
    private static final int THREADS = 8;

    private RedisServer redis;
    private List<FichaClient> services;

    @BeforeEach
    void start() {
        redis = new RedisServer();
        services = List.of(redis.client(), redis.client());
    }

    @AfterEach
    void stop() {
        services.forEach(FichaClient::close);
        redis.close();
    }

    private interface Action {
        void by(int thread, FichaClient service);
    }

    /** Runs the action in all threads at once, half of them in each service; fails if one did. */
    private static void atOnce(List<FichaClient> services, Action action) {
        ExecutorService executor = Executors.newFixedThreadPool(THREADS);
        var runs = new ArrayList<CompletableFuture<Void>>();
        for (int i = 0; i < THREADS; i++) {
            int thread = i;
            FichaClient service = services.get(i % services.size());
            runs.add(CompletableFuture.runAsync(() -> action.by(thread, service), executor));
        }
        executor.shutdown();
        runs.forEach(CompletableFuture::join);
    }

    private Optional<Session> stored(Session session) {
        return services.get(0).load(session.token().orElseThrow(), false, true);
    }

    @Test
    void noWriteIsLost() {
        Session session = services.get(0).create(NewSession.of("alice"));
        atOnce(services, (thread, service) -> {
            for (int i = 1; i <= 50; i++) {
                service.patch(session.id(), Patch.create().increment("n", 1).set("own" + thread, i));
            }
        });
        Map<String, Object> attributes = stored(session).orElseThrow().attributes();
        assertEquals(50L * THREADS, attributes.get("n"));
        for (int t = 0; t < THREADS; t++) assertEquals(50L, attributes.get("own" + t));
        assertEquals(1 + 50L * THREADS, stored(session).orElseThrow().generation());
    }

    @Test
    void aSaveThatRacesARevokeNeverRevives() throws Exception {
        for (int round = 0; round < 50; round++) {
            Session session = services.get(0).create(NewSession.of("alice"));
            atOnce(services, (thread, service) -> {
                if (thread == THREADS - 1) {
                    assertTrue(service.revoke(session.id()));
                    return;
                }
                try {
                    for (int i = 0; i < 10; i++)
                        service.patch(session.id(), Patch.create().set("a", i));
                } catch (FichaException.SessionGone e) {
                    // As it must be, from the revoke on.
                }
            });
            assertEquals(Optional.empty(), stored(session));
        }
        assertEquals(":0", redis.command("DBSIZE"));
    }

    @Test
    void parallelLoginsLeaveAsManySessionsAsAllowed() {
        Object[] settings = {"session.max_per_principal", 3};
        try (FichaClient one = redis.client(settings);
                FichaClient other = redis.client(settings)) {
            var made = new ConcurrentLinkedQueue<Session>();
            atOnce(List.of(one, other), (thread, service) -> {
                for (int i = 0; i < 10; i++) made.add(service.login(null, NewSession.of("alice"), false));
            });
            assertEquals(3, one.list("alice").size());
            assertEquals(
                    3,
                    made.stream().filter(session -> stored(session).isPresent()).count());
        }
    }

    @Test
    void parallelLoginsBeyondTheLimitAreRefused() {
        Object[] settings = {"session.max_per_principal", 3, "session.on_limit", "refuse"};
        try (FichaClient one = redis.client(settings);
                FichaClient other = redis.client(settings)) {
            var made = new ConcurrentLinkedQueue<Session>();
            var refused = new ConcurrentLinkedQueue<FichaException>();
            atOnce(List.of(one, other), (thread, service) -> {
                try {
                    made.add(service.login(null, NewSession.of("bob"), false));
                } catch (FichaException.SessionLimit e) {
                    refused.add(e);
                }
            });
            assertEquals(3, made.size());
            assertEquals(THREADS - 3, refused.size());
            assertEquals(3, one.list("bob").size());
        }
    }

    @Test
    void ofParallelReauthenticationsOneTakesTheSession() {
        Session current = services.get(0).create(NewSession.of("carol").attribute("cart", "book"));
        var made = new ConcurrentLinkedQueue<Session>();
        var late = new ConcurrentLinkedQueue<FichaException>();
        atOnce(services, (thread, service) -> {
            try {
                made.add(service.login(current.id(), NewSession.of("carol"), true));
            } catch (FichaException.SessionGone e) {
                late.add(e);
            }
        });
        assertEquals(1, made.size());
        assertEquals(THREADS - 1, late.size());
        assertEquals(1, services.get(1).list("carol").size());
        assertEquals("book", stored(made.peek()).orElseThrow().attribute("cart"));
    }

    @Test
    void aRotationTakesEveryAcknowledgedWriteAlong() {
        for (int round = 0; round < 20; round++) {
            Session session = services.get(0).create(NewSession.of("alice"));
            var written = new ConcurrentLinkedQueue<String>();
            var rotated = new ConcurrentLinkedQueue<Session>();
            atOnce(services, (thread, service) -> {
                if (thread == THREADS - 1) {
                    rotated.add(service.rotate(session.id(), Duration.ZERO));
                    return;
                }
                try {
                    service.patch(session.id(), Patch.create().set("own" + thread, true));
                    written.add("own" + thread);
                } catch (FichaException.SessionGone e) {
                    // The rotation came first.
                }
            });
            assertEquals(Optional.empty(), stored(session));
            Map<String, Object> attributes =
                    stored(rotated.peek()).orElseThrow().attributes();
            assertEquals(
                    List.copyOf(written).stream().sorted().toList(),
                    attributes.keySet().stream().sorted().toList());
        }
    }
}
