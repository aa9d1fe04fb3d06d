package dev.ficha.spring;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ficha.NoLeakedHandles;
import dev.ficha.RedisServer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.cors.CorsConfiguration;
import org.springframework.web.cors.UrlBasedCorsConfigurationSource;
import org.springframework.web.filter.CorsFilter;

/** Browser applications of other origins. */
@ExtendWith(NoLeakedHandles.class)
class CorsTest {
    private static final String APP = "https://app.example.org";

    private static Wire.Answer preflight(Wire wire, String origin, String method) {
        return wire.send("OPTIONS", "/me", "Origin: " + origin, "Access-Control-Request-Method: " + method);
    }

    @Test
    void thePolicyAnswersPreflightsAndSaysOfADenialThatItMayBeRead() {
        try (var redis = new RedisServer();
                var shop = Shop.start(
                        redis,
                        "ficha.cors.origins=" + APP,
                        "ficha.cors.headers=Content-Type",
                        "ficha.cors.credentials=true",
                        "ficha.cors.max-age=10m",
                        "ficha.rules[0].path=/me",
                        "ficha.rules[0].methods=GET",
                        "ficha.rules[1].path=/public/**",
                        "ficha.rules[1].allow=anyone")) {
            var wire = new Wire(Shop.portOf(shop));
            Wire.Answer preflight = preflight(wire, APP, "GET");
            assertThat(preflight.status()).isEqualTo(204);
            assertThat(preflight.body()).isEmpty();
            assertThat(preflight.field("Access-Control-Allow-Origin")).hasValue(APP);
            assertThat(preflight.field("Access-Control-Allow-Credentials")).hasValue("true");
            assertThat(preflight.field("Access-Control-Max-Age")).hasValue("600");
            assertThat(preflight(wire, "https://evil.example", "GET").status()).isEqualTo(403);

            Wire.Answer denied = wire.send("GET", "/me", "Origin: " + APP);
            assertThat(denied.status()).isEqualTo(401);
            assertThat(denied.field("Access-Control-Allow-Origin")).hasValue(APP);
            Wire.Answer allowed = wire.send("GET", "/public/hello", "Origin: " + APP);
            assertThat(allowed.body()).isEqualTo("hello");
            assertThat(allowed.field("Access-Control-Allow-Origin")).hasValue(APP);
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class Before {
        @Bean
        FilterRegistrationBean<CorsFilter> cors() {
            var configuration = new CorsConfiguration();
            configuration.addAllowedOrigin(APP);
            configuration.addAllowedMethod("GET");
            var source = new UrlBasedCorsConfigurationSource();
            source.registerCorsConfiguration("/**", configuration);
            var registration = new FilterRegistrationBean<>(new CorsFilter(source));
            registration.setOrder(FichaFilter.ORDER - 1);
            return registration;
        }
    }

    @Test
    void orSpringsOwnFilterStandsBeforeThePolicy() {
        try (var redis = new RedisServer();
                var shop = Shop.start(redis, Before.class, "ficha.rules[0].path=/me", "ficha.rules[0].methods=GET")) {
            Wire.Answer preflight = preflight(new Wire(Shop.portOf(shop)), APP, "GET");
            assertThat(preflight.status()).isEqualTo(200);
            assertThat(preflight.field("Access-Control-Allow-Origin")).hasValue(APP);
        }
    }
}
