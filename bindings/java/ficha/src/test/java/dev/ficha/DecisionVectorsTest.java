package dev.ficha;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** decisions.json (tests/conformance/README.md) through the public API. */
@ExtendWith(NoLeakedHandles.class)
class DecisionVectorsTest {
    private static final long NOW = 1_800_000_000_000L;
    private static final int UNSTORABLE = 2;
    private static final int NO_TEXT = 1;
    private static final String MEMORY = "\n[redis]\nurl = \"memory://\"\n";
    private static final String UNREACHABLE = "\n[redis]\nurl = \"redis://127.0.0.1:1/0\"\n";

    @Test
    void decisionsAreTheSameForTheSameRequest() throws Exception {
        Map<String, Object> document = Vectors.load("decisions.json");
        var cases = Vectors.cases(document, "cases");
        assertTrue(cases.size() >= 783);
        int unstorable = 0;
        int noText = 0;
        var worlds = new HashMap<String, World>();
        try {
            for (var test : cases) {
                Map<String, Object> given = Vectors.object(test, "given");
                String config = (String) given.get("config");
                String toml = (String) Vectors.object(document, "configs").get(config);
                boolean outage = Vectors.object(given, "lookup").containsKey("error");
                List<String> prefixes = Vectors.strings(Vectors.object(document, "prefixes"), config);
                World world = worlds.computeIfAbsent(config + outage, key -> new World(toml, prefixes, outage));
                if (!World.isText(given)) {
                    noText++;
                    continue;
                }
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
        assertEquals(NO_TEXT, noText, "decoded targets that are no text, which no container decodes to");
    }

    /** One configuration over a store that holds what a vector says, or that cannot be reached. */
    private static final class World implements AutoCloseable {
        private final FichaClient client;
        private final FichaClient store;
        private final String unknown;

        World(String toml, List<String> prefixes, boolean outage) {
            store = FichaClient.ofToml(toml + MEMORY, prefixes, NOW);
            client = outage ? FichaClient.ofToml(toml + UNREACHABLE, prefixes) : store;
            Session gone = store.create(NewSession.anonymous());
            store.revoke(gone.id());
            unknown = gone.token().orElseThrow();
        }

        static boolean isText(Map<String, Object> given) {
            return Vectors.cases(given, "readings").stream()
                    .filter(reading -> reading.containsKey("decoded"))
                    .map(reading -> Vectors.octets(reading.get("target")))
                    .allMatch(bytes -> Vectors.text(bytes).indexOf('\uFFFD') < 0);
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
            request.prefix(Vectors.octets(given.getOrDefault("prefix", "")));
            for (var reading : Vectors.cases(given, "readings")) {
                String target = Vectors.octets(reading.getOrDefault("target", ""));
                boolean decoded = reading.containsKey("decoded");
                request.reading(
                        Vectors.octets(reading.getOrDefault("method", "")),
                        decoded ? Vectors.text(target) : target,
                        decoded);
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
}
