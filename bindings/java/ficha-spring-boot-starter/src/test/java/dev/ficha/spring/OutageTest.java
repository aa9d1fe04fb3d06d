package dev.ficha.spring;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ficha.NoLeakedHandles;
import dev.ficha.RedisServer;
import java.net.http.HttpResponse;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.context.ConfigurableApplicationContext;

/** An outage is never a logout; neither is a new version of the application. */
@ExtendWith(NoLeakedHandles.class)
class OutageTest {
    private RedisServer redis;
    private ConfigurableApplicationContext shop;

    @BeforeEach
    void start() {
        redis = new RedisServer();
        shop = Shop.start(redis, "ficha.near-cache.max-staleness=200ms");
    }

    @AfterEach
    void stop() {
        shop.close();
        redis.close();
    }

    private Browser loggedIn() {
        Browser browser = new Browser(Shop.portOf(shop));
        browser.login("alice");
        browser.put("/attributes/theme", "\"dark\"");
        return browser;
    }

    private static HttpResponse<String> until(int status, Browser browser, String path) {
        long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        HttpResponse<String> response = browser.get(path);
        while (response.statusCode() != status && System.nanoTime() < end) response = browser.get(path);
        assertThat(response.statusCode()).isEqualTo(status);
        return response;
    }

    private static void isAnOutage(HttpResponse<String> response) {
        assertThat(response.statusCode()).isEqualTo(503);
        assertThat(response.headers().firstValue("Retry-After")).hasValue("1");
        assertThat(Browser.setCookies(response)).isEmpty();
        assertThat(response.body()).startsWith("{\"error\":\"unavailable\",");
    }

    @Test
    void withoutRedisEveryRequestIsAnsweredWith503AndTheSessionIsThereAfterwards() throws Exception {
        Browser browser = loggedIn();
        String token = browser.token();
        redis.stop();
        isAnOutage(until(503, browser, "/me"));
        isAnOutage(browser.put("/attributes/theme", "\"light\""));
        isAnOutage(browser.post("/logout", ""));
        assertThat(browser.token()).isEqualTo(token);

        redis.start();
        assertThat(until(200, browser, "/attributes/theme").body()).contains("dark");
        assertThat(browser.token()).isEqualTo(token);
    }

    @Test
    void anOutageBetweenTheDecisionAndTheSaveIs503AsWell() throws Exception {
        Browser browser = loggedIn();
        var gate = new Shop.Gate();
        Shop.Handlers.gate = gate;
        var late = java.util.concurrent.CompletableFuture.supplyAsync(
                () -> browser.copy().post("/waiting/name", ""));
        assertThat(gate.reached.await(10, java.util.concurrent.TimeUnit.SECONDS))
                .isTrue();
        redis.stop();
        gate.open.countDown();
        isAnOutage(late.get());
        redis.start();
        assertThat(until(200, browser, "/attributes/name").body()).isEqualTo("{}");
    }

    @Test
    void aRedisThatHangsIs503InBoundedTime() throws Exception {
        Browser browser = loggedIn();
        redis.pause();
        try {
            isAnOutage(until(503, browser, "/me"));
            long start = System.nanoTime();
            isAnOutage(browser.get("/me"));
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(3));
        } finally {
            redis.resume();
        }
        assertThat(until(200, browser, "/me").body()).contains("alice");
    }

    @Test
    void sessionsSurviveARestartOfTheApplication() {
        Browser browser = loggedIn();
        shop.close();
        shop = Shop.start(redis);
        Browser again = browser.at(Shop.portOf(shop));
        assertThat(again.get("/me").body()).contains("alice").contains("ROLE_admin");
        assertThat(again.get("/attributes/theme").body()).contains("dark");
    }

    @Test
    void anApplicationStartsWithoutRedisAndRecovers() throws Exception {
        Browser browser = loggedIn();
        shop.close();
        redis.stop();
        shop = Shop.start(redis);
        Browser again = browser.at(Shop.portOf(shop));
        isAnOutage(again.get("/me"));
        redis.start();
        until(200, again, "/me");
    }
}
