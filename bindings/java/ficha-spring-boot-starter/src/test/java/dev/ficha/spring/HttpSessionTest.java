package dev.ficha.spring;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ficha.FichaClient;
import dev.ficha.NoLeakedHandles;
import dev.ficha.Patch;
import dev.ficha.Session;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

/** HttpSession in a servlet container, seen by a browser and by a client that stands for another language. */
@ExtendWith(NoLeakedHandles.class)
class HttpSessionTest {
    @RegisterExtension
    static final RunningShop SHOP =
            new RunningShop(Shop.class, "ficha.attributes.types.cart=dev.ficha.spring.Shop$Cart");

    private final FichaClient others = SHOP.others();
    private final Browser browser = SHOP.newBrowser();

    private Session stored() {
        return others.load(browser.token(), false, true).orElseThrow();
    }

    @Test
    void aSessionIsStoredWhenSomethingIsPutIntoItAndNotBefore() throws Exception {
        SHOP.redis().cli("FLUSHALL");
        assertThat(Browser.setCookies(browser.get("/public/look"))).isEmpty();
        assertThat(SHOP.redis().cli("DBSIZE")).isEqualTo("0");

        HttpResponse<String> response = browser.get("/visits");
        assertThat(response.body()).isEqualTo("1");
        assertThat(Browser.setCookies(response)).singleElement().satisfies(cookie -> assertThat(cookie)
                .startsWith("__Host-ficha=fch1_")
                .contains("; Secure")
                .contains("; HttpOnly")
                .contains("; SameSite=Lax")
                .contains("; Path=/")
                .doesNotContain("Domain"));
        assertThat(response.headers().firstValue("Cache-Control"))
                .hasValueSatisfying(value -> assertThat(value).contains("no-store"));
        assertThat(stored().isAnonymous()).isTrue();

        HttpResponse<String> again = browser.get("/visits");
        assertThat(again.body()).isEqualTo("2");
        assertThat(Browser.setCookies(again)).isEmpty();
    }

    @Test
    void attributesArePlainJsonForEveryLanguage() {
        browser.login("alice");
        browser.put("/attributes/theme", "{\"name\": \"dark\", \"sizes\": [1, 2.5, null, true]}");
        assertThat(stored().attributeJson("theme")).isEqualTo("{\"name\":\"dark\",\"sizes\":[1,2.5,null,true]}");

        others.patch(stored().id(), Patch.create().setJson("basket", "[{\"book\": \"Émile\", \"n\": 12345678901234}]"));
        assertThat(browser.get("/attributes/basket").body())
                .contains("\"value\":[{\"book\":\"Émile\",\"n\":12345678901234}]")
                .contains("\"class\":\"ArrayList\"");
    }

    @Test
    void anAttributeOfAConfiguredTypeIsReadAsThatType() {
        browser.login("alice");
        browser.post("/cart/pen", "");
        assertThat(browser.post("/cart/book", "").body())
                .isEqualTo("{\"owner\":\"alice\",\"items\":[\"pen\",\"book\"]}");
        assertThat(stored().attributeJson("cart")).isEqualTo("{\"owner\":\"alice\",\"items\":[\"pen\",\"book\"]}");
    }

    @Test
    void aChangeInsideAnAttributeIsWrittenWithoutSettingItAgain() {
        browser.login("alice");
        browser.put("/attributes/list", "[\"a\"]");
        browser.post("/list/list/b", "");
        assertThat(stored().attributeJson("list")).isEqualTo("[\"a\",\"b\"]");
    }

    @Test
    void aRequestThatChangesNothingWritesNothing() throws Exception {
        browser.login("alice");
        browser.put("/attributes/list", "[\"a\"]");
        long generation = stored().generation();
        browser.get("/attributes/list");
        browser.get("/me");
        browser.put("/attributes/list", "[ \"a\" ]");
        assertThat(stored().generation()).isEqualTo(generation);
    }

    @Test
    void oneRoundTripWritesEverythingThatARequestChanged() {
        browser.login("alice");
        long generation = stored().generation();
        browser.put("/attributes/a", "1");
        assertThat(stored().generation()).isEqualTo(generation + 1);
    }

    @Test
    void manyRequestsAtOnceOnOneSessionLoseNothing() throws Exception {
        browser.login("alice");
        int requests = 60;
        var pool = Executors.newFixedThreadPool(12);
        var answers = new ArrayList<Future<HttpResponse<String>>>();
        for (int i = 0; i < requests; i++) {
            String path = "/attributes/n" + i;
            answers.add(pool.submit(() -> browser.copy().put(path, "1")));
        }
        for (var answer : answers) assertThat(answer.get().statusCode()).isEqualTo(200);
        pool.shutdown();
        for (int i = 0; i < requests; i++)
            assertThat(stored().attributeJson("n" + i)).isEqualTo("1");
    }

    @Test
    void aSaveThatFindsTheSessionGoneSaysSoAndNeverBringsItBack() throws Exception {
        browser.login("alice");
        Session session = stored();
        var gate = new Shop.Gate();
        Shop.Handlers.gate = gate;
        var pool = Executors.newSingleThreadExecutor();
        Future<HttpResponse<String>> late = pool.submit(() -> browser.copy().post("/waiting/name", ""));
        assertThat(gate.reached.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(browser.copy().post("/logout", "").statusCode()).isEqualTo(302);
        gate.open.countDown();

        assertThat(late.get().statusCode()).isEqualTo(401);
        assertThat(late.get().body()).contains("session_gone");
        assertThat(late.get().headers().firstValue("WWW-Authenticate")).hasValue("Bearer error=\"invalid_token\"");
        assertThat(others.find(session.id())).isEmpty();
        assertThat(SHOP.redis().cli("EXISTS", "ficha:{" + route(session) + "}:" + session.id()))
                .isEqualTo("0");
        assertThat(browser.get("/me").statusCode()).isNotEqualTo(200);
        pool.shutdown();
    }

    // Wire format: the first two bytes of the id, in hex.
    private static String route(Session session) {
        byte[] id = java.util.Base64.getUrlDecoder().decode(session.id());
        return String.format("%02x%02x", id[0], id[1]);
    }

    @Test
    void whatIsSetBeforeTheResponseGoesOutIsThereForTheNextRequest() {
        browser.login("alice");
        assertThat(browser.post("/flush/early", "").body()).isEqualTo("written");
        assertThat(stored().attributeJson("early")).isEqualTo("\"before\"");
    }

    @Test
    void invalidatingEndsTheSessionForEveryService() {
        browser.login("alice");
        String token = browser.token();
        HttpResponse<String> response = browser.post("/invalidate", "");
        assertThat(Browser.setCookies(response)).singleElement().asString().contains("Max-Age=0");
        assertThat(others.load(token, false, true)).isEmpty();
        browser.present(token);
        assertThat(browser.get("/me").statusCode()).isNotEqualTo(200);
    }

    @Test
    void anIdleTimeoutSetByAHandlerHolds() {
        browser.login("alice");
        browser.post("/timeout/77", "");
        assertThat(stored().idleTimeout()).isEqualTo(Duration.ofSeconds(77));
        assertThat(stored().authenticatedAt()).isPresent();
    }

    @Test
    void flashAttributesReachTheNextRequestAndNoOther() {
        HttpResponse<String> response = browser.post("/flash/hello", "");
        assertThat(response.statusCode()).isEqualTo(302);
        assertThat(browser.get("/flash/read").body()).isEqualTo("hello");
        assertThat(browser.get("/flash/read").body()).isEqualTo("null");
    }

    @Test
    void aTokenThatNobodyIssuedIsNoSession() {
        for (String token : List.of("fch1_", "x", "fch1_" + "A".repeat(51))) {
            browser.present(token);
            assertThat(browser.get("/public/hello").statusCode()).isEqualTo(200);
            assertThat(browser.get("/me").statusCode()).isNotEqualTo(200);
        }
    }

    @Test
    void aSessionThatAnotherLanguageMadeIsThePrincipalsHere() {
        var session = others.create(dev.ficha.NewSession.of("carol")
                .roles("admin")
                .scopes("reports:read")
                .attribute("theme", "dark"));
        browser.present(session.token().orElseThrow());
        assertThat(browser.get("/me").body())
                .contains("\"carol\"")
                .contains("ROLE_admin")
                .contains("SCOPE_reports:read");
        assertThat(browser.get("/attributes/theme").body()).contains("dark");
        assertThat(browser.get("/admin").statusCode()).isEqualTo(200);

        Browser machine = SHOP.newBrowser();
        var bearer = machine.request("/me")
                .header("Authorization", "Bearer " + session.token().orElseThrow());
        assertThat(machine.send(bearer.GET()).body()).contains("carol");
        var write = machine.request("/attributes/theme")
                .header("Authorization", "Bearer " + session.token().orElseThrow())
                .header("Content-Type", "application/json")
                .PUT(java.net.http.HttpRequest.BodyPublishers.ofString("\"light\""));
        HttpResponse<String> written = machine.send(write);
        assertThat(written.statusCode()).isEqualTo(200);
        assertThat(Browser.setCookies(written)).isEmpty();
        assertThat(others.load(session.token().orElseThrow(), false, true)
                        .orElseThrow()
                        .attribute("theme"))
                .isEqualTo("light");
    }

    @Test
    void theIdOfANewSessionIsItsIdAndThatOfADeadOneIsKnown() {
        String[] first =
                browser.get("/public/id").body().replaceAll("[\\[\\]\"]", "").split(",");
        assertThat(stored().id()).isEqualTo(first[0]);
        assertThat(first[1]).isEqualTo("null");
        String[] second =
                browser.get("/public/id").body().replaceAll("[\\[\\]\"]", "").split(",");
        assertThat(second[0]).isEqualTo(first[0]);
        assertThat(second[1]).as("the requested one").isEqualTo(first[0]);
        assertThat(second[2]).as("created").isEqualTo(first[2]);
        others.revoke(first[0]);
        // The server's message about it may take a moment.
        long end = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        String[] third;
        do {
            third = browser.get("/public/id")
                    .body()
                    .replaceAll("[\\[\\]\"]", "")
                    .split(",");
        } while (third[0].equals(first[0]) && System.nanoTime() < end);
        assertThat(third[0]).isNotEqualTo(first[0]);
        assertThat(third[1]).as("the requested one, dead").isEqualTo(first[0]);
    }
}
