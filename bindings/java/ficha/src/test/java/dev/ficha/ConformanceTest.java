package dev.ficha;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ficha.internal.Native;
import java.time.Duration;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The vectors that every language runs (tests/conformance/README.md), through the public API. */
@ExtendWith(NoLeakedHandles.class)
class ConformanceTest {
    private static final long NOW = 1_800_000_000_000L;
    private static final int UNSTORABLE = 2;
    private static final String MEMORY = "\n[redis]\nurl = \"memory://\"\n";
    private static final String UNREACHABLE = "\n[redis]\nurl = \"redis://127.0.0.1:1/0\"\n";

    @Test
    void tokensLeadToTheirIdsAndGarbageToNone() throws Exception {
        Map<String, Object> document = Vectors.load("tokens.json");
        int run = 0;
        try (FichaClient client = FichaClient.open("memory://")) {
            for (var test : Vectors.cases(document, "valid")) {
                if (!Vectors.strings(test, "keys_hex").isEmpty())
                    continue; // keys are any bytes: more than a ficha.toml can say
                assertEquals(Optional.of(test.get("id")), client.idOf((String) test.get("token")), (String)
                        test.get("name"));
                run++;
            }
            for (var test : Vectors.cases(document, "hostile")) {
                if (!Vectors.strings(test, "keys_hex").isEmpty()) continue;
                String bytes = new String(HexFormat.of().parseHex(Vectors.octets(test.get("token_hex"))), ISO_8859_1);
                assertEquals(Optional.empty(), client.idOf(bytes), (String) test.get("name"));
                assertEquals(Optional.empty(), client.load(bytes), (String) test.get("name"));
                run++;
            }
        }
        assertTrue(run >= 200, run + " cases");
    }

    @Test
    void configurationsLoadOrNameLineAndKey() throws Exception {
        var cases = Vectors.cases(Vectors.load("policies.json"), "cases");
        assertTrue(cases.size() >= 195);
        for (var test : cases) {
            String name = (String) test.get("name");
            String toml = (String) Vectors.object(test, "given").get("toml");
            Map<String, Object> expect = Vectors.object(test, "expect");
            if (expect.containsKey("ok")) {
                FichaClient.ofToml(toml).close();
                continue;
            }
            var error = assertThrows(
                    FichaException.InvalidConfig.class,
                    () -> FichaClient.ofToml(toml).close(),
                    name);
            String place = "configuration:" + expect.get("line") + ": ";
            if (expect.get("key") != null) place += expect.get("key") + ": ";
            assertTrue(error.getMessage().startsWith(place), name);
            assertTrue(error.getMessage().substring(place.length()).contains((String) expect.get("says")), name);
        }
    }

    @Test
    void bearerFieldsAreExactlyOneToken() throws Exception {
        var cases = Vectors.cases(Vectors.load("bearer.json"), "cases");
        assertTrue(cases.size() >= 70);
        var reasons = Map.of(
                "absent",
                Reason.NO_CREDENTIAL,
                "found",
                Reason.MALFORMED_TOKEN,
                "malformed",
                Reason.MALFORMED_BEARER,
                "several",
                Reason.TWO_AUTHORIZATIONS);
        try (FichaClient client = FichaClient.ofToml("[[rule]]\npath = \"/**\"\n" + MEMORY)) {
            for (var test : cases) {
                var request = HttpRequest.builder("GET", "/");
                for (Object field : (List<?>) Vectors.object(test, "given").get("fields")) {
                    request.header("Authorization", Vectors.octets(field));
                }
                Reason expected =
                        reasons.get((String) Vectors.object(test, "expect").get("outcome"));
                assertEquals(expected, client.authorize(request.build()).reason(), (String) test.get("name"));
            }
        }
    }

    @Test
    void decisionsAreTheSameForTheSameRequest() throws Exception {
        Map<String, Object> document = Vectors.load("decisions.json");
        var cases = Vectors.cases(document, "cases");
        assertTrue(cases.size() >= 540);
        int unstorable = 0;
        var worlds = new HashMap<String, World>();
        try {
            for (var test : cases) {
                Map<String, Object> given = Vectors.object(test, "given");
                String config = (String) given.get("config");
                String toml = (String) Vectors.object(document, "configs").get(config);
                boolean outage = Vectors.object(given, "lookup").containsKey("error");
                World world = worlds.computeIfAbsent(config + outage, key -> new World(toml, outage));
                try {
                    world.expect((String) test.get("name"), given, Vectors.object(test, "expect"));
                } catch (FichaException.InvalidArgument e) {
                    assertTrue(e.getMessage().startsWith("scopes:"), (String) test.get("name"));
                    unstorable++;
                }
            }
        } finally {
            worlds.values().forEach(World::close);
        }
        assertEquals(UNSTORABLE, unstorable, "sessions that no store takes, such as with an empty scope");
    }

    /** One configuration over a store that holds what a vector says, or that cannot be reached. */
    private static final class World implements AutoCloseable {
        private final FichaClient client;
        private final FichaClient store;
        private final String unknown;

        World(String toml, boolean outage) {
            store = FichaClient.ofToml(toml + MEMORY, NOW);
            client = outage ? FichaClient.ofToml(toml + UNREACHABLE) : store;
            Session gone = store.create(NewSession.anonymous());
            store.revoke(gone.id());
            unknown = gone.token().orElseThrow();
        }

        void expect(String name, Map<String, Object> given, Map<String, Object> expect) {
            Map<String, Object> lookup = Vectors.object(given, "lookup");
            Session session = lookup.containsKey("session") ? make(Vectors.object(lookup, "session")) : null;
            String known = session == null ? revoked() : session.token().orElseThrow();
            var request = HttpRequest.builder(
                            Vectors.octets(given.get("method")), fill(Vectors.octets(given.get("path")), known))
                    .scheme((String) given.getOrDefault("scheme", "https"))
                    .peer((String) given.getOrDefault("peer", ""));
            for (Object field : (List<?>) given.get("headers")) {
                var pair = (List<?>) field;
                request.header(Vectors.octets(pair.get(0)), fill(Vectors.octets(pair.get(1)), known));
            }
            Decision decision = client.authorize(request.build());
            assertEquals(expect.get("verdict"), decision.verdict().toString(), name);
            assertEquals(expect.get("reason"), decision.reason().toString(), name);
            assertEquals(expect.get("status"), (long) decision.status(), name);
            assertEquals(expect.get("rule"), (long) decision.rule(), name);
            assertEquals(expect.get("carrier"), decision.carrier().toString(), name);
            var headers = decision.headers().stream().collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
            assertEquals(expect.get("headers"), headers, name);
            assertEquals(decision.reason() == Reason.ALLOWED, decision.session().isPresent(), name);
            decision.session().ifPresent(found -> assertEquals(session.id(), found.id(), name));
        }

        private Session make(Map<String, Object> given) {
            Object ago = given.getOrDefault("authenticated_ago", 0L);
            var session = NewSession.of((String) given.get("principal"))
                    .roles(Vectors.strings(given, "roles"))
                    .scopes(Vectors.strings(given, "scopes"))
                    .level(((Long) given.getOrDefault("level", 0L)).intValue())
                    .authenticated(ago != null)
                    .idleTimeout(Duration.ofDays(3))
                    .absoluteTimeout(Duration.ofDays(4));
            Session made = store.create(session);
            if (ago != null) store.advanceClock(Duration.ofSeconds((Long) ago));
            return made;
        }

        private String revoked() {
            Session session = store.create(NewSession.anonymous());
            store.revoke(session.id());
            return session.token().orElseThrow();
        }

        private String fill(String text, String known) {
            if (!text.contains("$")) return text;
            return text.replace("$TOKEN2", unknown)
                    .replace("$TOKEN", known)
                    .replace("$CSRF2", client.csrfToken(unknown))
                    .replace("$CSRF", client.csrfToken(known));
        }

        @Override
        public void close() {
            client.close();
            store.close();
        }
    }

    @Test
    void namesAreThoseOfTheCore() {
        for (Verdict verdict : Verdict.values())
            assertEquals(verdict.toString(), text(Native.verdictName(verdict.ordinal())));
        for (Reason reason : Reason.values())
            assertEquals(reason.toString(), text(Native.reasonName(reason.ordinal())));
        for (ErrorCode code : ErrorCode.values()) assertEquals(code.toString(), text(Native.errorName(code.number())));
    }

    private static String text(byte[] answer) {
        return new String(answer, 1, answer.length - 1, UTF_8);
    }
}
