package dev.ficha;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What a session store promises, in one process and on a real Redis. */
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
        void protectedAttributesAreReachedByTheirOwnCallsAlone() {
            Session session = client.create(NewSession.of("alice")
                    .attribute("who", "data")
                    .protectedAttribute("who", Map.of("authority", true)));
            assertEquals(Map.of("who", "data"), session.attributes());
            assertEquals(Map.of("who", Map.of("authority", true)), session.protectedAttributes());
            client.patch(session.id(), Patch.create().set("who", "other").set("more", 1));
            Session loaded = client.find(session.id()).orElseThrow();
            assertEquals(Map.of("authority", true), loaded.protectedAttribute("who"));
            assertEquals(Map.of(), client.list("alice").get(0).protectedAttributes());
            client.patch(session.id(), Patch.create().setProtected("since", 7L).removeProtected("who"));
            loaded = client.find(session.id()).orElseThrow();
            assertEquals(Map.of("since", 7L), loaded.protectedAttributes());
            assertEquals("other", loaded.attribute("who"));
            client.revoke(session.id());
        }

        @Test
        void aBagTakesOneKeyAtATime() {
            String id = client.create(NewSession.of("alice")).id();
            client.patch(id, Patch.create().put("seen", "a", 1L).put("seen", "b", List.of("x")));
            client.patch(id, Patch.create().take("seen", "a").put("seen", "__proto__", true));
            assertEquals(
                    Map.of("b", List.of("x"), "__proto__", true),
                    client.find(id).orElseThrow().attribute("seen"));
            client.patch(id, Patch.create().set("plain", 1));
            assertThrows(
                    FichaException.InvalidArgument.class,
                    () -> client.patch(id, Patch.create().put("plain", "a", 1)));
            client.revoke(id);
        }

        @Test
        void aSessionDoesNotStoreItsOwnToken() {
            Session session = client.create(NewSession.of("alice"));
            String token = session.token().orElseThrow();
            var error = assertThrows(
                    FichaException.InvalidArgument.class,
                    () -> client.patch(session.id(), Patch.create().set("copy", "Cookie: x=" + token)));
            assertTrue(error.getMessage().contains("copy"));
            assertFalse(error.getMessage().contains(token));
            client.revoke(session.id());
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
        void nativeValuesSurvive() {
            var values = new LinkedHashMap<String, Object>();
            values.put("null", null);
            values.put("true", true);
            values.put("long", Long.MIN_VALUE);
            values.put("beyond 2^53", 9_007_199_254_740_993L);
            values.put("huge", BigInteger.TWO.pow(200));
            values.put("double", 0.1);
            values.put("text", "quote \" backslash \\ newline \n nul \0 é 漢 🦊");
            values.put("empty list", List.of());
            values.put("empty map", Map.of());
            values.put("nested", Map.of("list", Arrays.asList(1L, null, Map.of("deep", List.of("x", false)))));
            String token = client.create(NewSession.of("alice").attributes(values))
                    .token()
                    .orElseThrow();
            assertEquals(values, client.load(token).orElseThrow().attributes());
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
        void aPatchIsOneStep() {
            Session session =
                    client.create(NewSession.of("alice").attribute("a", 1).attribute("b", 2));
            String token = session.token().orElseThrow();
            long generation = client.patch(
                    session.id(),
                    Patch.create()
                            .set("a", "x")
                            .remove("b")
                            .add("c", 3)
                            .increment("n", 5)
                            .roles(List.of("r")));
            assertEquals(2, generation);
            Session now = client.load(token).orElseThrow();
            assertEquals(Map.of("a", "x", "c", 3L, "n", 5L), now.attributes());
            assertEquals(List.of("r"), now.roles());
            assertThrows(
                    FichaException.AttributeExists.class,
                    () -> client.patch(session.id(), Patch.create().add("a", 0)));
            assertThrows(
                    FichaException.Conflict.class,
                    () -> client.patch(session.id(), Patch.create().set("a", 0).expectedGeneration(1)));
            assertEquals("x", client.load(token).orElseThrow().attribute("a"));
        }

        @Test
        void onlyWhatChangedIsPatched() {
            Session session = client.create(NewSession.of("alice")
                    .attributeJson("same", "{ \"k\" : [1, 2] }")
                    .attribute("gone", 1));
            Map<String, Object> values = session.attributes();
            assertTrue(Patch.difference(session.attributesJson(), values).isEmpty());
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
        void aRevokedSessionNeverComesBack() {
            Session session = client.create(NewSession.of("alice"));
            assertTrue(client.revoke(session.id()));
            assertFalse(client.revoke(session.id()));
            assertThrows(
                    FichaException.SessionGone.class,
                    () -> client.patch(session.id(), Patch.create().set("a", 1)));
            assertThrows(FichaException.SessionGone.class, () -> client.rotate(session.id(), Duration.ZERO));
            assertEquals(Optional.empty(), client.load(session.token().orElseThrow()));
        }

        @Test
        void rotationMovesTheSessionToANewToken() {
            Session old = client.create(NewSession.of("alice").attribute("a", 1));
            Session rotated = client.rotate(old.id(), Duration.ZERO);
            assertNotEquals(old.id(), rotated.id());
            assertEquals(1L, rotated.attribute("a"));
            assertEquals(Optional.empty(), client.load(old.token().orElseThrow()));
            Session again = client.rotate(rotated.id(), Duration.ofSeconds(10));
            assertEquals(
                    again.id(),
                    client.load(rotated.token().orElseThrow()).orElseThrow().id());
        }

        @Test
        void loginTakesTheAnonymousAttributesAndLeavesTheTokenBehind() {
            Session visitor = client.create(NewSession.anonymous().attribute("cart", List.of("book")));
            assertTrue(visitor.isAnonymous());
            Session user = client.login(visitor.id(), NewSession.of("alice"), true);
            assertEquals(List.of("book"), user.attribute("cart"));
            assertEquals(Optional.empty(), client.load(visitor.token().orElseThrow()));
            Session other = client.login(user.id(), NewSession.of("bob"), true);
            assertNull(other.attribute("cart"));
            assertEquals(Optional.empty(), client.load(user.token().orElseThrow()));
            assertEquals(
                    "carol", client.login(null, NewSession.of("carol"), true).principal());
        }

        @Test
        void aPrincipalsSessionsAreListedChangedAndRevokedTogether() {
            String principal = "principal-" + System.nanoTime();
            Session first = client.create(NewSession.of(principal));
            Session second = client.create(NewSession.of(principal));
            assertEquals(2, client.list(principal).size());
            assertEquals(2, client.patchPrincipal(principal, Patch.create().roles(List.of("admin"))));
            assertEquals(
                    List.of("admin"),
                    client.load(second.token().orElseThrow()).orElseThrow().roles());
            assertEquals(1, client.revokePrincipal(principal, second.id()));
            assertEquals(Optional.empty(), client.load(first.token().orElseThrow()));
            assertEquals(1, client.revokePrincipal(principal, null));
            assertEquals(List.of(), client.list(principal));
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
            Session again =
                    client.loginAsync(rotated.id(), NewSession.of("alice"), true).join();
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
