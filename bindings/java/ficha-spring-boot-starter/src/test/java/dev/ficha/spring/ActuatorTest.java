package dev.ficha.spring;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ficha.NoLeakedHandles;
import dev.ficha.RedisServer;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Health and meters, as Actuator shows them. */
@ExtendWith(NoLeakedHandles.class)
class ActuatorTest {

    @Test
    void healthFollowsRedisAndMetersCount() throws Exception {
        try (var redis = new RedisServer();
                var shop = Shop.start(
                        redis,
                        "management.endpoints.web.exposure.include=health,metrics",
                        "management.endpoints.web.base-path=/public/actuator",
                        "management.endpoint.health.show-details=always",
                        "management.endpoint.health.show-components=always")) {
            Browser browser = new Browser(Shop.portOf(shop));
            HttpResponse<String> up = browser.get("/public/actuator/health/ficha");
            assertThat(up.statusCode()).isEqualTo(200);
            assertThat(up.body()).contains("UP");

            browser.login("alice");
            browser.get("/me");
            assertThat(browser.get("/public/actuator/metrics/ficha.lookups").body())
                    .contains("\"result\"")
                    .contains("\"hit\"");
            assertThat(browser.get("/public/actuator/metrics/ficha.redis.commands")
                            .body())
                    .contains("TOTAL_TIME");

            redis.stop();
            HttpResponse<String> down = new Browser(Shop.portOf(shop)).get("/public/actuator/health/ficha");
            assertThat(down.statusCode()).isEqualTo(503);
            assertThat(down.body()).contains("DOWN").contains("unavailable").doesNotContain("Exception");
        }
    }
}
