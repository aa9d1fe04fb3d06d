package dev.ficha;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ficha.internal.Native;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The vectors that every language runs (tests/conformance/README.md), through the public API. */
@ExtendWith(NoLeakedHandles.class)
class ConformanceTest {
    @TempDir
    Path directory;

    private static final long NOW = 1_800_000_000_000L;
    private static final long LONGEST_SECONDS = 400 * 86_400;
    private static final String MEMORY = "\n[redis]\nurl = \"memory://\"\n";

    @Test
    void tokensLeadToTheirIdsAndGarbageToNone() throws Exception {
        Map<String, Object> document = Vectors.load("tokens.json");
        int run = 0;
        for (var test : Vectors.cases(document, "valid")) {
            try (FichaClient client = withKeys(Vectors.strings(test, "keys_hex"))) {
                assertEquals(Optional.of(test.get("id")), client.idOf((String) test.get("token")), (String)
                        test.get("name"));
                run++;
            } catch (FichaException.InvalidConfig e) {
                assertTrue(e.getMessage().contains("at least 16 bytes"), (String) test.get("name"));
            }
        }
        for (var test : Vectors.cases(document, "hostile")) {
            String bytes = new String(HexFormat.of().parseHex(Vectors.octets(test.get("token_hex"))), ISO_8859_1);
            try (FichaClient client = withKeys(Vectors.strings(test, "keys_hex"))) {
                assertEquals(Optional.empty(), client.idOf(bytes), (String) test.get("name"));
                assertEquals(Optional.empty(), client.load(bytes), (String) test.get("name"));
                run++;
            }
        }
        assertTrue(run >= 270, run + " cases");
        try (FichaClient client = FichaClient.open("memory://")) {
            for (var test : Vectors.cases(document, "hostile_ids")) {
                String id = new String(HexFormat.of().parseHex((String) test.get("id_hex")), ISO_8859_1);
                assertThrows(FichaException.InvalidArgument.class, () -> client.revoke(id), (String) test.get("name"));
            }
        }
    }

    // Keys are any bytes, as a file can hold them.
    private FichaClient withKeys(List<String> keysHex) throws Exception {
        var sources = new ArrayList<String>();
        for (String key : keysHex) {
            Path file = directory.resolve(sources.size() + ".key");
            sources.add("file:" + Files.write(file, HexFormat.of().parseHex(key)));
        }
        if (sources.isEmpty()) return FichaClient.open("memory://");
        return FichaClient.of(Map.of("redis.url", "memory://", "session.token_keys", sources));
    }

    @Test
    void configurationsLoadOrNameLineAndKey() throws Exception {
        var cases = Vectors.cases(Vectors.load("policies.json"), "cases");
        assertTrue(cases.size() >= 229);
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
    void pathsAreRefusedOrMatched() throws Exception {
        Map<String, Object> document = Vectors.load("paths.json");
        var canonical = Vectors.cases(document, "canonical");
        assertTrue(canonical.size() >= 147);
        try (FichaClient client = FichaClient.of(Map.of("redis.url", "memory://", "rule[0].path", "/**"))) {
            for (var test : canonical) {
                String target = Vectors.octets(Vectors.object(test, "given").get("target"));
                Decision decision =
                        client.authorize(HttpRequest.builder("GET", target).build());
                boolean refused = Vectors.object(test, "expect").containsKey("refused");
                assertEquals(refused, decision.verdict() == Verdict.BAD_REQUEST, (String) test.get("name"));
            }
        }
        var decoded = Vectors.cases(document, "decoded");
        assertTrue(decoded.size() >= 23);
        try (FichaClient client = FichaClient.of(Map.of("redis.url", "memory://", "rule[0].path", "/**"))) {
            for (var test : decoded) {
                String path = Vectors.text(
                        Vectors.octets(Vectors.object(test, "given").get("path")));
                boolean refused = Vectors.object(test, "expect").containsKey("refused");
                var request = HttpRequest.builder("GET", "/").reading("", path, true);
                // Not to be said in Java: an empty target is the request's own, and a String holds no byte that is not
                // UTF-8.
                if (path.isEmpty() || path.indexOf('\uFFFD') >= 0) refused = false;
                assertEquals(refused, client.authorize(request.build()).verdict() == Verdict.BAD_REQUEST, (String)
                        test.get("name"));
            }
        }
        var matching = Vectors.cases(document, "matching");
        assertTrue(matching.size() >= 71);
        for (var test : matching) {
            Map<String, Object> given = Vectors.object(test, "given");
            String pattern = new String(Vectors.octets(given.get("pattern")).getBytes(ISO_8859_1), UTF_8);
            var rule = Map.of("redis.url", "memory://", "rule[0].path", pattern, "rule[0].allow", "anyone");
            try (FichaClient client = FichaClient.of(rule)) {
                var request = HttpRequest.builder("GET", Vectors.octets(given.get("target")));
                boolean matches = (Boolean) Vectors.object(test, "expect").get("matches");
                assertEquals(matches, client.authorize(request.build()).allowed(), (String) test.get("name"));
            }
        }
    }

    @Test
    void theSessionCookieIsFoundAsTheBytesSay() throws Exception {
        var cases = Vectors.cases(Vectors.load("cookies.json"), "find");
        assertTrue(cases.size() >= 106);
        var byCookie = cases.stream().collect(Collectors.groupingBy(test ->
                (String) Vectors.object(test, "given").get("name")));
        for (var named : byCookie.entrySet()) {
            var settings = Map.of("redis.url", "memory://", "cookie.name", named.getKey(), "rule[0].path", "/**");
            try (FichaClient client = FichaClient.of(settings)) {
                String token = client.create(NewSession.of("alice")).token().orElseThrow();
                for (var test : named.getValue()) {
                    assertCookieIsFound(client, token, test);
                }
            }
        }
    }

    private static void assertCookieIsFound(FichaClient client, String token, Map<String, Object> test) {
        String name = (String) test.get("name");
        Map<String, Object> expect = Vectors.object(test, "expect");
        var fields = ((List<?>) Vectors.object(test, "given").get("fields"))
                .stream().map(Vectors::octets).toList();
        Reason expected = Map.of(
                        "absent", Reason.NO_CREDENTIAL,
                        "found", Reason.MALFORMED_TOKEN,
                        "ambiguous", Reason.AMBIGUOUS_COOKIE)
                .get((String) expect.get("lookup"));
        assertEquals(expected, withCookies(client, fields).reason(), name);
        // With a token where the vector has the cookie's value, exactly that value is what was found.
        String value = expected == Reason.MALFORMED_TOKEN ? Vectors.octets(expect.get("value")) : "";
        if (!value.isEmpty()) {
            var held = fields.stream()
                    .map(field -> field.replace("=" + value, "=" + token)
                            .replace("\t" + value, "\t" + token)
                            .replace("= " + value, "= " + token))
                    .toList();
            assertTrue(withCookies(client, held).allowed(), name);
        }
    }

    private static Decision withCookies(FichaClient client, List<String> fields) {
        var request = HttpRequest.builder("GET", "/");
        fields.forEach(field -> request.header("Cookie", field));
        return client.authorize(request.build());
    }

    @Test
    void theSessionCookieIsWrittenAndCleared() throws Exception {
        var cases = Vectors.cases(Vectors.load("cookies.json"), "write");
        assertTrue(cases.size() >= 15);
        for (var test : cases) {
            Map<String, Object> given = Vectors.object(test, "given");
            Map<String, Object> expect = Vectors.object(test, "expect");
            var settings = new HashMap<String, Object>(Map.of("redis.url", "memory://"));
            Vectors.object(given, "cookie").forEach((name, value) -> settings.put("cookie." + name, value));
            try (FichaClient client = FichaClient.of(settings, NOW)) {
                if (expect.containsKey("clear_cookie")) {
                    assertEquals(
                            expect.get("clear_cookie"), client.clearCookie().field(), (String) test.get("name"));
                    continue;
                }
                long remaining = (Long) given.get("remaining_seconds");
                long lifetime = Math.min(Math.max(remaining, 1), LONGEST_SECONDS);
                Session session = client.create(NewSession.anonymous()
                        .idleTimeout(Duration.ZERO)
                        .absoluteTimeout(Duration.ofSeconds(lifetime)));
                client.advanceClock(Duration.ofSeconds(Math.max(lifetime - remaining, 0)));
                String written = client.setCookie(session)
                        .field()
                        .replace(session.token().orElseThrow(), "$TOKEN");
                assertEquals(expect.get("set_cookie"), written, (String) test.get("name"));
            }
        }
    }

    @Test
    void everyFileOfVectorsIsRun() {
        String[] files =
                new File(System.getProperty("ficha.conformance")).list((directory, name) -> name.endsWith(".json"));
        assertEquals(
                Set.of(
                        "bearer.json",
                        "cookies.json",
                        "decisions.json",
                        "paths.json",
                        "policies.json",
                        "records.json",
                        "store.json",
                        "tokens.json",
                        "wire.json"), // driven through each server by the suite security
                Set.of(files));
    }

    @Test
    void namesAreThoseOfTheCoreAndNoneIsMissing() {
        for (Verdict verdict : Verdict.values())
            assertEquals(verdict.toString(), text(Native.verdictName(verdict.ordinal())));
        for (Reason reason : Reason.values())
            assertEquals(reason.toString(), text(Native.reasonName(reason.ordinal())));
        assertEquals("unknown", text(Native.verdictName(Verdict.values().length)));
        assertEquals("unknown", text(Native.reasonName(Reason.values().length)));
        for (ErrorCode code : ErrorCode.values()) assertEquals(code.toString(), text(Native.errorName(code.number())));
        for (int number = 0; number <= Native.lastErrorNumber(); ++number)
            assertEquals(text(Native.errorName(number)), ErrorCode.of(number).toString());
    }

    private static String text(byte[] answer) {
        return new String(answer, 1, answer.length - 1, UTF_8);
    }
}
