package dev.ficha.spring;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ficha.FichaClient;
import dev.ficha.NewSession;
import dev.ficha.NoLeakedHandles;
import java.net.http.HttpResponse;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The policy in the application's properties, and what handlers ask for beside it. */
@ExtendWith(NoLeakedHandles.class)
class PolicyTest {
    @RegisterExtension
    static final RunningShop SHOP = new RunningShop(
            Shop.class,
            "ficha.rules[0].path=/login",
            "ficha.rules[0].allow=anyone",
            "ficha.rules[1].path=/public/**",
            "ficha.rules[1].methods=GET",
            "ficha.rules[1].allow=anyone",
            "ficha.rules[2].path=/admin",
            "ficha.rules[2].roles=admin",
            "ficha.rules[3].path=/reports",
            "ficha.rules[3].scopes=reports:read",
            "ficha.rules[4].path=/visits",
            "ficha.rules[4].allow=nobody",
            "ficha.rules[5].path=/**",
            "ficha.trust.identity-headers=X-User",
            "ficha.trust.pass-credential=true");

    private final FichaClient others = SHOP.others();
    private final Browser browser = SHOP.newBrowser();

    private HttpResponse<String> asBearer(String path, NewSession session) {
        String token = others.create(session).token().orElseThrow();
        return browser.send(
                browser.request(path).header("Authorization", "Bearer " + token).GET());
    }

    private static String challenge(HttpResponse<?> response) {
        return response.headers().firstValue("WWW-Authenticate").orElse("");
    }

    @Test
    void withoutACredentialTheAnswerIs401WithAChallenge() {
        HttpResponse<String> response = browser.get("/me");
        assertThat(response.statusCode()).isEqualTo(401);
        assertThat(challenge(response)).isEqualTo("Bearer");
        assertThat(response.headers().firstValue("Vary")).hasValue("Cookie");
        assertThat(response.headers().firstValue("Content-Type"))
                .hasValueSatisfying(type -> assertThat(type).startsWith("application/json"));
        assertThat(response.body()).contains("\"error\":\"unauthenticated\"");
    }

    @Test
    void aTokenThatIsNotLiveIsAnInvalidToken() {
        var session = others.create(NewSession.of("alice"));
        others.revoke(session.id());
        browser.present(session.token().orElseThrow());
        HttpResponse<String> response = browser.get("/me");
        assertThat(response.statusCode()).isEqualTo(401);
        assertThat(challenge(response)).contains("error=\"invalid_token\"");
    }

    @Test
    void aMissingRoleIs403AndAMissingScopeSaysWhich() {
        HttpResponse<String> role = asBearer("/admin", NewSession.of("bob").roles("customer"));
        assertThat(role.statusCode()).isEqualTo(403);
        HttpResponse<String> scope = asBearer("/reports", NewSession.of("bob"));
        assertThat(scope.statusCode()).isEqualTo(403);
        assertThat(challenge(scope)).contains("insufficient_scope").contains("reports:read");
    }

    @Test
    void whatNobodyMayReachIs403AndAmbiguousPathsAre400() {
        browser.login("alice");
        assertThat(browser.get("/visits").statusCode()).isEqualTo(403);
        assertThat(browser.get("/public/..%2fadmin").statusCode()).isEqualTo(400);
        assertThat(browser.get("/public/%2e%2e/admin").statusCode()).isEqualTo(400);
    }

    @Test
    void aRuleLetsThroughWhatItNames() {
        assertThat(browser.get("/public/hello").body()).isEqualTo("hello");
        browser.login("alice");
        assertThat(browser.get("/admin").statusCode()).isEqualTo(200);
        assertThat(browser.get("/reports").statusCode()).isEqualTo(200);
    }

    @Test
    void aHandlerThatWantsAFreshLoginAsksForItAgain() {
        browser.login("alice");
        assertThat(browser.get("/fresh").statusCode()).isEqualTo(200);
        long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        HttpResponse<String> response = browser.get("/fresh");
        while (response.statusCode() == 200 && System.nanoTime() < end) response = browser.get("/fresh");

        assertThat(response.statusCode()).isEqualTo(401);
        assertThat(challenge(response))
                .contains("error=\"insufficient_user_authentication\"")
                .contains("max_age=\"1\"");
        assertThat(response.body()).contains("\"error\":\"reauthenticate\"");
        assertThat(browser.get("/me").statusCode()).as("still logged in").isEqualTo(200);
        browser.login("alice");
        assertThat(browser.get("/fresh").statusCode()).isEqualTo(200);
    }

    @Test
    void handlersAreRightAboutWhoAsksWhateverTheClientSays() {
        browser.login("bob");
        var request = browser.request("/who").header("X-User", "alice").header("x_user", "alice");
        assertThat(browser.send(request.GET()).body()).isEqualTo("bob: no header");
    }

    @Test
    void handlersSeeTheCredentialWhereTheConfigurationPassesIt() {
        String token = others.create(NewSession.of("alice")).token().orElseThrow();
        var request = browser.request("/credential").header("Authorization", "Bearer " + token);
        assertThat(browser.send(request.GET()).body()).isEqualTo("Bearer " + token);
    }
}
