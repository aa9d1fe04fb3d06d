package dev.ficha;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What a host hands over of a request's routing, and what it asks about its routes and requirements. */
@ExtendWith(NoLeakedHandles.class)
class ReadingsTest {
    private static final String POLICY = """
            [redis]
            url = "memory://"
            [[rule]]
            path = "/staff/**"
            roles = ["staff"]
            [[rule]]
            path = "/items"
            methods = ["GET"]
            allow = "anyone"
            [[rule]]
            path = "/open/**"
            allow = "anyone"
            """;

    @Test
    void everyReadingMustPassAndThePrefixMustBeConfigured() {
        try (FichaClient client = FichaClient.ofToml(POLICY, List.of("/shop"))) {
            var open = HttpRequest.builder("GET", "/shop/open/x").prefix("/shop");
            assertTrue(client.authorize(open.reading("GET", "/open/x", false).build())
                    .allowed());
            var both = HttpRequest.builder("GET", "/open/x").reading("", "/staff/\u00e9", true);
            assertEquals(Verdict.UNAUTHENTICATED, client.authorize(both.build()).verdict());
            var strange = HttpRequest.builder("GET", "/open/x").prefix("/open");
            assertEquals(
                    Reason.PREFIX_NOT_CONFIGURED,
                    client.authorize(strange.build()).reason());
            var many = HttpRequest.builder("GET", "/open/x");
            for (int i = 0; i < 8; i++) many.reading("", "/open/" + i, false);
            assertEquals(
                    Reason.TOO_MANY_READINGS, client.authorize(many.build()).reason());
        }
    }

    @Test
    void whatWasJudgedIsKnownHoweverItIsWritten() {
        try (FichaClient client = FichaClient.ofToml(POLICY, List.of("/shop"))) {
            HttpRequest request = HttpRequest.builder("GET", "/shop/open/%C3%A9")
                    .prefix("/shop")
                    .reading("POST", "/open/x", false)
                    .build();
            assertTrue(client.isJudged(request, "GET", "/open/\u00e9", true));
            assertTrue(client.isJudged(request, "GET", "/open/%c3%a9/", false));
            assertTrue(client.isJudged(request, "POST", "/open/x", true));
            assertFalse(client.isJudged(request, "DELETE", "/open/x", true));
            assertFalse(client.isJudged(request, "GET", "/staff/x", false));
        }
    }

    @Test
    void aMethodThatIsNotListedIs405WithWhatIs() {
        try (FichaClient client = FichaClient.ofToml(POLICY)) {
            Decision decision =
                    client.authorize(HttpRequest.builder("PUT", "/items").build());
            assertEquals(Verdict.METHOD_NOT_ALLOWED, decision.verdict());
            assertEquals(405, decision.status());
            assertTrue(decision.headers().stream()
                    .anyMatch(header -> header.getKey().equals("Allow")));
            assertTrue(client.explain(decision).contains("/items"));
        }
    }

    @Test
    void routesAreFoundUnderRulesOfDifferentStrictnessAndUnderNone() {
        try (FichaClient client = FichaClient.ofToml(POLICY)) {
            var routes = List.of(
                    new Route("good", List.of("GET"), "/open/*"),
                    new Route("users", List.of("GET"), "/staff/users"),
                    new Route("users", List.of("GET"), "/open/users.json"),
                    new Route("forgotten", List.of("GET"), "/elsewhere"));
            List<RouteFinding> findings = client.checkRoutes(routes);
            for (int i = 0; i < routes.size(); i++) {
                int route = i;
                boolean problem = findings.stream()
                        .anyMatch(finding ->
                                finding.route() == route && !finding.problem().isEmpty());
                assertEquals(i > 1, problem, routes.get(i).pattern());
            }
            assertTrue(client.judgedFields().containsAll(List.of("cookie", "authorization", "origin")));
        }
    }

    @Test
    void aRequirementIsJudgedOnWhatWasLetThroughAndADenialIsReturnedAsItIs() {
        try (FichaClient client = FichaClient.ofToml(POLICY)) {
            String token = client.create(NewSession.of("alice")).token().orElseThrow();
            Decision admitted = client.authorize(HttpRequest.builder("GET", "/open/x")
                    .header("Cookie", "__Host-ficha=" + token)
                    .build());
            assertSame(admitted, client.require(Requirement.authenticated(), admitted));
            Decision denied = client.require(Requirement.builder().level(2).build(), admitted);
            assertEquals(Reason.LEVEL_TOO_LOW, denied.reason());
            assertEquals(admitted.rule(), denied.rule());
            assertEquals(
                    List.of("WWW-Authenticate", "Vary"),
                    denied.headers().stream().map(Map.Entry::getKey).toList());
            assertSame(denied, client.require(Requirement.authenticated(), denied));
            assertEquals(denied.headers(), ErrorResponse.to(denied).headers());
        }
    }

    @Test
    void anErrorIsAnsweredAsInEveryLanguage() {
        try (FichaClient client = FichaClient.ofToml(POLICY)) {
            ErrorResponse denied = ErrorResponse.to(
                    client.authorize(HttpRequest.builder("GET", "/staff/x").build()));
            assertEquals(401, denied.status());
            assertEquals("unauthenticated", denied.code());
            assertEquals("{\"error\":\"unauthenticated\",\"message\":\"log in first\"}\n", denied.body());
        }
        assertEquals(
                List.of(Map.entry("Retry-After", "1")),
                ErrorResponse.to(ErrorCode.TIMEOUT).headers());
        assertEquals("unavailable", ErrorResponse.to(ErrorCode.TIMEOUT).code());
        assertEquals(500, ErrorResponse.to(ErrorCode.CLOSED).status());
        ErrorResponse large = ErrorResponse.to(
                FichaException.of(ErrorCode.TOO_LARGE, "attribute \"cart\": a value is at most 64 KiB"));
        assertEquals("attribute \"cart\": a value is at most 64 KiB", large.message());
        assertEquals(413, large.status());
        ErrorResponse gone = ErrorResponse.to(FichaException.of(ErrorCode.SESSION_GONE, "alice's"));
        assertEquals(ErrorResponse.to(ErrorCode.SESSION_GONE), gone);
        assertEquals(429, ErrorCode.SESSION_LIMIT.httpStatus());
    }

    @Test
    void aCookieIsAStructureThatShowsNoToken() {
        var settings = Map.of("redis.url", "memory://", "cookie.name", "sid", "cookie.domain", "shop.example");
        try (FichaClient client = FichaClient.of(settings)) {
            Session session = client.create(NewSession.of("alice"));
            ResponseCookie cookie = client.setCookie(session);
            assertEquals("sid", cookie.name());
            assertEquals(session.token().orElseThrow(), cookie.value());
            assertEquals("shop.example", cookie.domain());
            assertEquals("/", cookie.path());
            assertEquals(ResponseCookie.SameSite.LAX, cookie.sameSite());
            assertTrue(cookie.secure() && cookie.maxAge().isEmpty());
            assertTrue(cookie.field().startsWith("sid=" + cookie.value() + "; "));
            assertEquals("ResponseCookie[sid]", cookie.toString());
            assertEquals(0, client.clearCookie().maxAge().orElseThrow());
        }
    }

    @Test
    void aRequirementThatAsksForNothingIsAMistakeWhereItIsMade() {
        for (Runnable mistake : List.<Runnable>of(
                () -> Requirement.builder().build(),
                () -> Requirement.builder().roles().build(),
                () -> Requirement.builder().scopes().build(),
                () -> Requirement.builder().fresh().build(),
                () -> Requirement.roles(""),
                () -> Requirement.builder().level(4).build(),
                () -> Requirement.builder().maxAuthAge(Duration.ZERO).build(),
                () -> Requirement.builder().roles("staff").maxAuthAge(null).build(),
                () -> new Requirement(Requirement.Allow.ANYONE, List.of("x"), List.of(), 0, null, false))) {
            assertThrows(FichaException.InvalidArgument.class, mistake::run);
        }
        assertEquals(0, Requirement.authenticated().level());
        Requirement.builder()
                .roles("a")
                .scopes("b")
                .level(1)
                .maxAuthAge(Duration.ofMinutes(5))
                .build();
    }
}
