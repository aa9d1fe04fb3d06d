package dev.ficha;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ficha.internal.Native;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What only Java can get wrong about a store, in one process and on a real Redis; StoreVectorsTest has the rest. */
@ExtendWith(NoLeakedHandles.class)
class StoreSemanticsTest {
    private static RedisServer redis;

    @BeforeAll
    static void startRedis() {
        redis = new RedisServer();
    }

    @AfterAll
    static void stopRedis() {
        redis.close();
    }

    @Nested
    class OnRedis extends Suite {
        @Override
        String url() {
            return redis.url();
        }

        @Test
        void whatOnlyTheStoreKnowsIsSubmittedOnceAndFreed() {
            String token = client.create(NewSession.of("dora")).token().orElseThrow();
            HttpRequest request = HttpRequest.builder("GET", "/")
                    .header("Cookie", "__Host-ficha=" + token)
                    .build();
            List<Function<FichaClient, Boolean>> ways = List.of(
                    cold -> cold.authorize(request).allowed(),
                    cold -> cold.authorizeAsync(request).join().allowed(),
                    cold -> cold.load(token).isPresent(),
                    cold -> cold.loadAsync(token, true, false).join().isPresent());
            for (var way : ways) {
                try (FichaClient cold = redis.client()) {
                    assertNull(cold.tryAuthorize(request));
                    assertTrue(way.apply(cold));
                    assertEquals(1, cold.stats().misses());
                    assertEquals(0, Native.unsubmitted());
                }
            }
            FichaClient closed = redis.client();
            closed.close();
            assertThrows(FichaException.ClientClosed.class, () -> closed.authorize(request));
            assertThrows(CompletionException.class, () -> closed.authorizeAsync(request)
                    .join());
            assertThrows(FichaException.ClientClosed.class, () -> closed.load(token));
            assertEquals(0, Native.unsubmitted());
        }

        @Test
        void noStoredByteIsTheToken() throws Exception {
            String token = client.create(NewSession.of("dora")).token().orElseThrow();
            for (String key : redis.cli("--scan").split("\n")) {
                assertFalse(key.contains(token.substring(10, 40)), "a key holds the token");
                if (redis.cli("TYPE", key).equals("string")) {
                    assertFalse(redis.cli("GET", key).contains(token.substring(10, 40)), "a record holds the token");
                }
            }
        }

        @Test
        void whatAnotherClientWritesOrRevokesIsSeen() {
            try (FichaClient other = FichaClient.of(RedisServer.settings(url()))) {
                Session session = client.create(NewSession.of("erin").attribute("a", 1));
                String token = session.token().orElseThrow();
                assertEquals(1L, other.load(token).orElseThrow().attribute("a"));
                client.patch(session.id(), Patch.create().set("a", 2));
                assertEquals(2L, other.load(token, true, true).orElseThrow().attribute("a"));
                client.revoke(session.id());
                assertEquals(Optional.empty(), other.load(token, true, true));
            }
        }
    }

    @Nested
    class InMemory extends Suite {
        @Override
        String url() {
            return "memory://";
        }
    }

    @Test
    void anUnreachableRedisIsAnErrorOfTheCallsAndOfTheDecision() {
        try (FichaClient client =
                FichaClient.ofToml("[redis]\nurl = \"redis://127.0.0.1:1/0\"\n[[rule]]\npath = \"/**\"\n")) {
            var error = assertThrows(FichaException.StoreException.class, () -> client.create(NewSession.of("alice")));
            assertEquals(503, error.httpStatus());
            try (FichaClient memory = FichaClient.open("memory://")) {
                String token = memory.create(NewSession.of("alice")).token().orElseThrow();
                var request = HttpRequest.builder("GET", "/")
                        .header("Authorization", "Bearer " + token)
                        .build();
                assertEquals(Verdict.UNAVAILABLE, client.authorize(request).verdict());
            }
        }
    }

    @Test
    void anInterruptStaysSetAndCutsNoAnswerShort() throws Exception {
        try (FichaClient client = redis.client()) {
            Thread.currentThread().interrupt();
            Session session = client.create(NewSession.of("alice"));
            assertTrue(Thread.interrupted());
            assertTrue(client.revoke(session.id()));
        }
    }

    @Test
    void closingEndsWhatIsInFlight() throws Exception {
        FichaClient client = redis.client();
        client.create(NewSession.anonymous());
        redis.pause();
        try {
            var pending = client.createAsync(NewSession.of("alice"));
            client.close();
            var error = assertThrows(CompletionException.class, pending::join);
            assertTrue(error.getCause() instanceof FichaException);
        } finally {
            redis.resume();
        }
        assertThrows(FichaException.ClientClosed.class, () -> client.create(NewSession.of("alice")));
        client.close();
    }

    abstract static class Suite {
        FichaClient client;

        abstract String url();

        @BeforeEach
        void open() {
            client = FichaClient.of(RedisServer.settings(url()));
        }

        @AfterEach
        void close() {
            client.close();
        }

        @Test
        void everyFieldComesBack() {
            Session created = client.create(NewSession.of("alice")
                    .roles("customer", "teller")
                    .scopes("read")
                    .device("192.0.2.7", "Mozilla/5.0 ü")
                    .level(2)
                    .idleTimeout(Duration.ofMinutes(5))
                    .absoluteTimeout(Duration.ofHours(1))
                    .attribute("name", "Zoë 🦊"));
            Session loaded = client.load(created.token().orElseThrow()).orElseThrow();
            assertEquals(created.id(), loaded.id());
            assertEquals(Optional.empty(), loaded.token());
            assertEquals(1, loaded.generation());
            assertEquals("alice", loaded.principal());
            assertFalse(loaded.isAnonymous());
            assertEquals(List.of("customer", "teller"), loaded.roles());
            assertEquals(List.of("read"), loaded.scopes());
            assertTrue(loaded.hasRole("teller") && loaded.hasScope("read") && !loaded.hasRole("read"));
            assertEquals("192.0.2.7", loaded.deviceAddress());
            assertEquals("Mozilla/5.0 ü", loaded.deviceUserAgent());
            assertEquals(2, loaded.level());
            assertEquals(Duration.ofMinutes(5), loaded.idleTimeout());
            assertEquals(created.createdAt().plusSeconds(3600), loaded.expiresAt());
            assertEquals(Optional.of(created.createdAt()), loaded.authenticatedAt());
            assertTrue(loaded.idleDeadline().isAfter(loaded.createdAt()));
            assertEquals("Zoë 🦊", loaded.attribute("name"));
            assertEquals(Optional.of(created.id()), client.idOf(created.token().orElseThrow()));
            assertFalse(
                    created.toString().contains(created.token().orElseThrow().substring(6)));
        }

        @Test
        void aValueThatJsonCannotCarryIsRefusedByName() {
            for (Object bad : new Object[] {new Object(), Double.NaN, Map.of(1, 2), List.of(Float.POSITIVE_INFINITY)}) {
                var error = assertThrows(FichaException.InvalidArgument.class, () -> Patch.create()
                        .set("cart", bad));
                assertTrue(error.getMessage().contains("cart"));
            }
            var lone = NewSession.of("alice").attribute("name", "\ud800");
            assertTrue(assertThrows(FichaException.InvalidArgument.class, () -> client.create(lone))
                    .getMessage()
                    .contains("name"));
            var circle = new ArrayList<Object>();
            circle.add(circle);
            assertThrows(
                    FichaException.InvalidArgument.class, () -> Patch.create().set("circle", circle));
        }

        @Test
        void errorsAreCaughtByTheirClass() {
            Session session = client.create(NewSession.of("alice").attribute("a", 1));
            assertThrows(
                    FichaException.AttributeExists.class,
                    () -> client.patch(session.id(), Patch.create().add("a", 0)));
            assertThrows(
                    FichaException.Conflict.class,
                    () -> client.patch(session.id(), Patch.create().set("a", 0).expectedGeneration(7)));
            client.revoke(session.id());
            assertThrows(
                    FichaException.SessionGone.class,
                    () -> client.patch(session.id(), Patch.create().set("a", 1)));
        }

        @Test
        void onlyWhatChangedIsPatched() {
            Session session = client.create(NewSession.of("alice")
                    .attributeJson("same", "{ \"k\" : [1, 2] }")
                    .attribute("gone", 1));
            Map<String, Object> values = session.attributes();
            assertTrue(Patch.difference(session.attributesJson(), values).isEmpty());
            assertEquals(
                    Map.of("digits", "0.10000000000000000001", "new", "1"),
                    Patch.changed(
                            Map.of("number", "1", "object", "{\"a\":1,\"b\":\"\\u00e9\"}", "digits", "0.1"),
                            Map.of(
                                    "number", "1.0",
                                    "object", "{ \"b\": \"\u00e9\", \"a\": 1 }",
                                    "digits", "0.10000000000000000001",
                                    "new", "1")));
            assertThrows(
                    FichaException.InvalidArgument.class, () -> Patch.changed(Map.of(), Map.of("broken", "{oops")));
            @SuppressWarnings("unchecked")
            var nested = (List<Object>) ((Map<String, Object>) values.get("same")).get("k");
            nested.add(3);
            values.remove("gone");
            Patch patch = Patch.difference(session.attributesJson(), values);
            assertFalse(patch.isEmpty());
            client.patch(session.id(), patch);
            Session now = client.load(session.token().orElseThrow()).orElseThrow();
            assertEquals(Map.of("same", Map.of("k", List.of(1L, 2L, 3L))), now.attributes());
        }

        @Test
        void theAsynchronousFormsAnswerTheSame() {
            Session session =
                    client.createAsync(NewSession.of("alice").attribute("a", 1)).join();
            String token = session.token().orElseThrow();
            assertEquals(
                    1L,
                    client.loadAsync(token, true, false).join().orElseThrow().attribute("a"));
            assertEquals(
                    2L,
                    client.patchAsync(session.id(), Patch.create().set("a", 2)).join());
            Session rotated = client.rotateAsync(session.id(), Duration.ZERO).join();
            Session again = client.loginAsync(rotated.id(), NewSession.of("alice"), true)
                    .join();
            assertTrue(client.listAsync("alice").join().stream().anyMatch(s -> s.id().equals(again.id())));
            assertTrue(client.revokeAsync(again.id()).join());
            var error = assertThrows(CompletionException.class, () -> client.patchAsync(
                            again.id(), Patch.create().remove("a"))
                    .join());
            assertTrue(error.getCause() instanceof FichaException.SessionGone);
        }

        @Test
        void aContinuationMayBlockOnTheClient() {
            String principal = client.createAsync(NewSession.of("alice"))
                    .thenApply(s -> client.list("alice").get(0))
                    .join()
                    .principal();
            assertEquals("alice", principal);
        }

        @Test
        void malformedIdsAndTokensAreRefused() {
            assertThrows(FichaException.InvalidArgument.class, () -> client.revoke("nonsense"));
            assertThrows(
                    FichaException.InvalidArgument.class,
                    () -> client.patch("", Patch.create().set("a", 1)));
            assertEquals(Optional.empty(), client.load("nonsense"));
            assertEquals(Optional.empty(), client.load("\ud800"));
            assertThrows(FichaException.InvalidArgument.class, () -> client.create(NewSession.of("a\nb")));
        }
    }
}
