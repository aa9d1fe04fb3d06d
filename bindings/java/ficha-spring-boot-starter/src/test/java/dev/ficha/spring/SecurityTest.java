package dev.ficha.spring;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ficha.FichaClient;
import dev.ficha.NoLeakedHandles;
import dev.ficha.RedisServer;
import dev.ficha.Session;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;

/** Spring Security's session features, over HTTP. */
@ExtendWith(NoLeakedHandles.class)
class SecurityTest {
    private static RedisServer redis;
    private static FichaClient others;
    // By their properties: a container takes longer to start than a test to run.
    private static final Map<List<String>, ConfigurableApplicationContext> SHOPS = new HashMap<>();
    private ConfigurableApplicationContext shop;

    @BeforeAll
    static void startRedis() {
        redis = new RedisServer();
        others = FichaClient.open(redis.url());
    }

    @AfterAll
    static void stopRedis() {
        SHOPS.values().forEach(ConfigurableApplicationContext::close);
        SHOPS.clear();
        others.close();
        redis.close();
    }

    private Browser visitShop(String... properties) {
        shop = SHOPS.computeIfAbsent(List.of(properties), unused -> Shop.start(redis, properties));
        return new Browser(Shop.portOf(shop));
    }

    @Test
    void aLoginGivesANewTokenAndTheOneFromBeforeIsDead() {
        Browser attacker = visitShop();
        attacker.get("/visits");
        String planted = attacker.token();
        Browser victim = attacker.copy();
        assertThat(victim.login("alice").headers().firstValue("Location"))
                .hasValueSatisfying(to -> assertThat(to).doesNotContain("error"));

        assertThat(victim.token()).isNotEqualTo(planted);
        assertThat(victim.get("/me").body()).contains("alice");
        assertThat(victim.get("/visits").body())
                .as("what the visitor collected stays")
                .isEqualTo("2");
        assertThat(attacker.get("/me").statusCode()).isNotEqualTo(200);
        assertThat(others.load(planted, false, true)).isEmpty();
    }

    @Test
    void aSecondLoginGivesANewTokenAgainAndKeepsAttributes() {
        Browser browser = visitShop();
        browser.login("alice");
        browser.put("/attributes/theme", "\"dark\"");
        String before = browser.token();
        browser.login("alice");
        assertThat(browser.token()).isNotEqualTo(before);
        assertThat(others.load(before, false, true)).isEmpty();
        assertThat(browser.get("/attributes/theme").body()).contains("dark");
    }

    @Test
    void aLoginAsSomebodyElseTakesNothingAlong() {
        Browser browser = visitShop();
        browser.login("alice");
        browser.put("/attributes/secret", "\"alice's\"");
        String before = browser.token();
        browser.login("bob");
        assertThat(browser.get("/me").body()).contains("bob").doesNotContain("ROLE_admin");
        assertThat(browser.get("/attributes/secret").body()).isEqualTo("{}");
        assertThat(others.load(before, false, true)).isEmpty();
    }

    @Test
    void aFailedLoginLogsNobodyIn() {
        Browser browser = visitShop();
        HttpResponse<String> response = browser.post("/login", "username=alice&password=wrong");
        assertThat(response.headers().firstValue("Location"))
                .hasValueSatisfying(to -> assertThat(to).endsWith("/login?error"));
        assertThat(browser.get("/login?error").body()).contains("Invalid credentials");
        assertThat(browser.get("/me").statusCode()).isEqualTo(302);
    }

    @Test
    void theLoginPageSendsTheUserBackToWhereSheWanted() {
        Browser browser = visitShop();
        assertThat(browser.send(browser.request("/me?x=1")
                                .header("Accept", "text/html")
                                .GET())
                        .statusCode())
                .isEqualTo(302);
        assertThat(browser.login("alice").headers().firstValue("Location"))
                .hasValueSatisfying(to -> assertThat(to).contains("/me?x=1"));
    }

    @Test
    void rolesScopesAndOtherAuthoritiesSurviveInTheSession() {
        Browser browser = visitShop();
        browser.login("alice");
        assertThat(browser.get("/me").body())
                .contains("ROLE_admin", "ROLE_customer", "SCOPE_reports:read", "\"reports\"", "FACTOR_PASSWORD");
        Session session = others.load(browser.token(), false, true).orElseThrow();
        assertThat(session.principal()).isEqualTo("alice");
        assertThat(session.roles()).containsExactlyInAnyOrder("admin", "customer");
        assertThat(session.scopes()).containsExactly("reports:read");
        assertThat(session.authenticatedAt()).isPresent();
        assertThat(session.deviceUserAgent()).startsWith("Java-http-client");
        assertThat(session.deviceAddress()).isNotEmpty();
    }

    @Test
    void methodSecurityCountsRolesAndScopes() {
        Browser alice = visitShop();
        alice.login("alice");
        assertThat(alice.get("/admin").statusCode()).isEqualTo(200);
        assertThat(alice.get("/reports").statusCode()).isEqualTo(200);
        Browser bob = new Browser(Shop.portOf(shop));
        bob.login("bob");
        assertThat(bob.get("/admin").statusCode()).isEqualTo(403);
        assertThat(bob.get("/reports").statusCode()).isEqualTo(403);
    }

    @Test
    void aRoleThatAnotherServiceTakesAwayCountsAtOnce() {
        Browser browser = visitShop();
        browser.login("alice");
        assertThat(browser.get("/admin").statusCode()).isEqualTo(200);
        others.patchPrincipal("alice", dev.ficha.Patch.create().roles(java.util.List.of("customer")));
        assertThat(browser.get("/admin").statusCode()).isEqualTo(403);
    }

    @Test
    void logoutEndsTheSessionEverywhereAtOnce() {
        Browser browser = visitShop();
        browser.login("alice");
        String token = browser.token();
        try (var other = Shop.start(redis)) {
            Browser elsewhere = browser.at(Shop.portOf(other));
            assertThat(elsewhere.get("/me").statusCode()).isEqualTo(200);
            HttpResponse<String> response = browser.post("/logout", "");
            assertThat(Browser.setCookies(response)).singleElement().asString().contains("Max-Age=0");
            long giveUp = System.nanoTime() + 1_000_000_000L; // for Redis' message, on a busy machine
            int status = elsewhere.get("/me").statusCode();
            while (status != 302 && System.nanoTime() < giveUp)
                status = elsewhere.get("/me").statusCode();
            assertThat(status).isEqualTo(302);
        }
        assertThat(others.load(token, false, true)).isEmpty();
        assertThat(others.list("alice")).noneMatch(session -> session.id().equals(token));
    }

    @Test
    void beyondTheMaximumTheOldestSessionEnds() {
        Browser first = visitShop("shop.maximum-sessions=2");
        others.revokePrincipal("bob", null);
        first.login("bob");
        Browser second = new Browser(Shop.portOf(shop));
        second.login("bob");
        Browser third = new Browser(Shop.portOf(shop));
        third.login("bob");
        assertThat(others.list("bob")).hasSize(2);
        assertThat(first.get("/me").body()).contains("This session has been expired");
        assertThat(first.get("/me").statusCode()).as("and is told once").isEqualTo(302);
        assertThat(second.get("/me").statusCode()).isEqualTo(200);
        assertThat(third.get("/me").statusCode()).isEqualTo(200);
    }

    @Test
    void orTheLoginIsRefused() {
        Browser first = visitShop("shop.maximum-sessions=1", "shop.refuse=true");
        others.revokePrincipal("bob", null);
        first.login("bob");
        Browser second = new Browser(Shop.portOf(shop));
        assertThat(second.login("bob").headers().firstValue("Location"))
                .hasValueSatisfying(to -> assertThat(to).endsWith("/login?error"));
        assertThat(second.get("/me").statusCode()).isEqualTo(302);
        assertThat(first.get("/me").statusCode()).isEqualTo(200);
    }

    @Test
    void theStoresOwnLimitHoldsWhenLoginsRace() throws Exception {
        Browser visitor = visitShop("ficha.session.max-per-principal=1");
        for (int round = 0; round < 5; round++) {
            others.revokePrincipal("bob", null);
            List<Browser> browsers = loginAtOnce(8, visitor, "bob");
            assertThat(others.list("bob")).hasSize(1);
            assertThat(browsers.stream().filter(each -> each.get("/me").statusCode() == 200))
                    .hasSize(1);
        }
    }

    private static List<Browser> loginAtOnce(int count, Browser visitor, String user) throws Exception {
        var pool = Executors.newFixedThreadPool(count);
        var start = new CyclicBarrier(count);
        var logins = new ArrayList<Callable<Browser>>();
        for (int i = 0; i < count; i++) {
            Browser browser = visitor.copy();
            logins.add(() -> {
                start.await(10, TimeUnit.SECONDS);
                assertThat(browser.login(user).statusCode()).isEqualTo(302);
                return browser;
            });
        }
        var browsers = new ArrayList<Browser>();
        for (Future<Browser> login : pool.invokeAll(logins)) browsers.add(login.get());
        pool.shutdown();
        return browsers;
    }

    @Test
    void springSecuritysOwnCsrfTokenIsKeptInTheSession() {
        Browser browser = visitShop("shop.csrf=true");
        assertThat(browser.login("alice").statusCode()).as("no token").isEqualTo(403);
        String page = browser.get("/login").body();
        String token = page.replaceAll("(?s).*name=\"_csrf\"[^>]*value=\"([^\"]*)\".*", "$1");
        HttpResponse<String> response = browser.post("/login", "username=alice&password=secret&_csrf=" + token);
        assertThat(response.headers().firstValue("Location"))
                .hasValueSatisfying(to -> assertThat(to).doesNotContain("error"));
        assertThat(browser.get("/me").statusCode()).isEqualTo(200);
    }

    @Test
    void aPostFromAForeignPageIsRefused() {
        Browser browser = visitShop();
        browser.login("alice");
        var forged = java.net.http.HttpRequest.newBuilder(
                        java.net.URI.create("http://localhost:" + Shop.portOf(shop) + "/invalidate"))
                .header("Origin", "https://evil.example")
                .header("Cookie", "__Host-ficha=" + browser.token())
                .POST(java.net.http.HttpRequest.BodyPublishers.noBody());
        assertThat(browser.send(forged).statusCode()).isEqualTo(403);
        assertThat(browser.get("/me").statusCode()).isEqualTo(200);
    }

    private static String locationOf(HttpResponse<?> response) {
        return response.headers().firstValue("Location").orElse("").replaceFirst("^http://[^/]*", "");
    }

    @Test
    void whoseSessionWasExpiredOrIsGoneIsSentWhereTheApplicationSaysOnAnyInstance() {
        Browser first =
                visitShop("shop.maximum-sessions=1", "shop.expired=/public/expired", "shop.invalid=/public/gone");
        others.revokePrincipal("bob", null);
        first.login("bob");
        Browser second = new Browser(Shop.portOf(shop));
        second.login("bob");
        try (var other = Shop.start(
                redis, "shop.maximum-sessions=1", "shop.expired=/public/expired", "shop.invalid=/public/gone")) {
            Browser elsewhere = first.at(Shop.portOf(other));
            assertThat(locationOf(elsewhere.get("/me"))).isEqualTo("/public/expired");
            assertThat(elsewhere.token()).as("the cookie is cleared").isNull();
        }
        others.revokePrincipal("bob", null);
        assertThat(locationOf(second.get("/me"))).isEqualTo("/public/gone");
        assertThat(second.token()).isNull();
        assertThat(second.get("/public/hello").statusCode()).as("once").isEqualTo(200);
        second.present("nonsense");
        assertThat(locationOf(second.get("/me"))).isEqualTo("/public/gone");
    }

    @Test
    void howeverOftenAndWhyeverALoginFailsTheNextCorrectOneSucceeds() {
        Browser browser = visitShop("shop.maximum-sessions=1", "shop.refuse=true");
        others.revokePrincipal("bob", null);
        others.revokePrincipal("alice", null);
        Browser first = new Browser(Shop.portOf(shop));
        first.login("bob");
        for (String user : List.of("locked", "disabled", "nobody", "bob")) {
            assertThat(locationOf(browser.login(user))).as(user).isEqualTo("/login?error");
            assertThat(browser.get("/login?error").statusCode()).isEqualTo(200);
            assertThat(locationOf(browser.login("alice"))).as("after " + user).isEqualTo("/");
            browser.post("/logout", "");
        }
    }

    @Test
    void rolesAndPermissionsOfAnyNameAndNumberLogIn() {
        Browser browser = visitShop();
        assertThat(locationOf(browser.login("dora"))).isEqualTo("/");
        String me = browser.get("/me").body();
        assertThat(me).contains("ROLE_Domain Users", "ROLE_" + "x".repeat(300), "\"permission 2999\"");
        assertThat(browser.get("/domain").statusCode()).isEqualTo(200);
        assertThat(others.load(browser.token(), false, true).orElseThrow().roles())
                .containsExactly("customer");
    }

    @Test
    @ExtendWith(OutputCaptureExtension.class)
    void ofANameBeyondTheLimitTheLogTellsTheLimit(CapturedOutput log) {
        HttpResponse<String> response = visitShop().login("n".repeat(300));
        assertThat(response.statusCode()).isEqualTo(413);
        assertThat(log).contains("413: principal: at most 256 bytes").doesNotContain("nnn");
    }
}
