package dev.ficha;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** records.json (tests/conformance/README.md): the bytes lie in a real Redis, and are loaded by their token or id. */
@ExtendWith(NoLeakedHandles.class)
class RecordVectorsTest {
    // When the usual vector expires: long ago for a Redis server, which is why it is put off.
    private static final long VECTOR_EXPIRES = 1_700_043_200;

    private final long expires = Instant.now().getEpochSecond() + 40_000;
    private RedisServer redis;
    private FichaClient client;
    private Map<String, String> tokens;

    @BeforeEach
    void start() throws Exception {
        redis = new RedisServer();
        client = redis.client("near_cache.enabled", false);
        tokens = Vectors.cases(Vectors.load("tokens.json"), "valid").stream()
                .filter(test -> Vectors.strings(test, "keys_hex").isEmpty())
                .collect(Collectors.toMap(
                        test -> (String) test.get("id"), test -> (String) test.get("token"), (a, b) -> a));
    }

    @AfterEach
    void stop() {
        client.close();
        redis.close();
    }

    private void store(Map<String, Object> test) throws Exception {
        String id = (String) test.get("id");
        String route = HexFormat.of().formatHex(java.util.Base64.getUrlDecoder().decode(id), 0, 2);
        String hex = Vectors.octets(test.get("hex")).replace(hex(VECTOR_EXPIRES), hex(expires));
        redis.command("SET", "ficha:{" + route + "}:" + id, HexFormat.of().parseHex(hex), "PX", "3600000");
    }

    private static String hex(long seconds) {
        return String.format("%08x", seconds);
    }

    @Test
    void validRecordsAreSessions() throws Exception {
        var cases = Vectors.cases(Vectors.load("records.json"), "valid");
        assertTrue(cases.size() >= 67);
        for (var test : cases) {
            store(test);
            Map<String, Object> fields = Vectors.object(test, "fields");
            var loaded = client.load(tokens.get((String) test.get("id")), false, true);
            long until = (Long) fields.get("expires");
            if (until < VECTOR_EXPIRES) {
                assertEquals(Optional.empty(), loaded, (String) test.get("name"));
            } else {
                expect(
                        (String) test.get("name"),
                        fields,
                        until == VECTOR_EXPIRES ? expires : until,
                        loaded.orElseThrow());
            }
        }
    }

    private static void expect(String name, Map<String, Object> fields, long expires, Session session) {
        assertEquals(fields.get("generation"), session.generation(), name);
        assertEquals(Instant.ofEpochSecond((Long) fields.get("created")), session.createdAt(), name);
        assertEquals(Instant.ofEpochSecond(expires), session.expiresAt(), name);
        assertEquals(Duration.ofSeconds((Long) fields.get("idle")), session.idleTimeout(), name);
        long authenticated = (Long) fields.get("authenticated");
        var proof = authenticated == 0 ? Optional.<Instant>empty() : Optional.of(Instant.ofEpochSecond(authenticated));
        assertEquals(proof, session.authenticatedAt(), name);
        assertEquals(fields.get("level"), (long) session.level(), name);
        assertEquals(fields.get("principal"), session.principal(), name);
        assertEquals(fields.get("roles"), session.roles(), name);
        assertEquals(fields.get("scopes"), session.scopes(), name);
        assertEquals(fields.get("device"), List.of(session.deviceAddress(), session.deviceUserAgent()), name);
        var attributes = new ArrayList<List<String>>();
        session.attributesJson().forEach((key, json) -> attributes.add(List.of(key, json)));
        assertEquals(fields.get("attributes"), attributes, name);
        var apart = new ArrayList<List<String>>();
        session.protectedAttributesJson().forEach((key, json) -> apart.add(List.of(key, json)));
        assertEquals(fields.get("protected"), apart, name);
    }

    @Test
    void aSupersededRecordLeadsToItsSuccessor() throws Exception {
        Map<String, Object> document = Vectors.load("records.json");
        for (var test : Vectors.cases(document, "superseded")) {
            store(test);
            // Nothing is there: the grace outlived the session.
            assertEquals(Optional.empty(), client.load(tokens.get((String) test.get("id")), false, true));
        }
    }

    @Test
    void aRecordThatIsNoneIsNeverASession() throws Exception {
        var cases = Vectors.cases(Vectors.load("records.json"), "hostile");
        assertTrue(cases.size() >= 417);
        for (var test : cases) {
            store(test);
            assertEquals(ErrorCode.CORRUPT_RECORD, codeOfFind((String) test.get("id")), (String) test.get("name"));
        }
    }

    // A record of somebody else's closes the connection: the next call may find the new one under way.
    private ErrorCode codeOfFind(String id) {
        while (true) {
            try {
                client.find(id);
                return null;
            } catch (FichaException.StoreException e) {
                if (e.code() != ErrorCode.UNAVAILABLE) return e.code();
                Thread.onSpinWait();
            }
        }
    }
}
