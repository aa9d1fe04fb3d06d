package dev.ficha.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ficha.NoLeakedHandles;
import dev.ficha.RedisServer;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.SpringApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.servlet.function.RouterFunction;
import org.springframework.web.servlet.function.RouterFunctions;
import org.springframework.web.servlet.function.ServerResponse;

/** Which rule judges which route of an application. */
@ExtendWith(NoLeakedHandles.class)
class RoutesTest {

    @RestController
    static class Careful {
        @GetMapping({"/users/{id}", "/users/{id}/{*rest}"})
        String users() {
            return "users";
        }

        @Bean
        RouterFunction<ServerResponse> functional() {
            return RouterFunctions.route()
                    .path(
                            "/functional",
                            nested -> nested.GET(
                                    "/{id}", request -> ServerResponse.ok().build()))
                    .build();
        }
    }

    @RestController
    static class Careless {
        @GetMapping({"/users", "/public/users.json"})
        String users() {
            return "users";
        }

        @GetMapping("/forgotten")
        String forgotten() {
            return "forgotten";
        }
    }

    private static List<FichaRoutes.Line> of(FichaRoutes routes, String word) {
        return routes.lines().stream()
                .filter(line -> (line.handler() + line.pattern()).contains(word))
                .toList();
    }

    @Test
    void everyRouteIsListedWithTheRuleThatJudgesIt() {
        try (var redis = new RedisServer();
                var shop =
                        Shop.start(redis, Careful.class, "ficha.rules[0].path=/users/**", "ficha.rules[1].path=/**")) {
            FichaRoutes routes = shop.getBean(FichaRoutes.class);
            routes.check();
            assertThat(of(routes, "Careful#users"))
                    .extracting(FichaRoutes.Line::pattern)
                    .contains("/users/*", "/users/*/**");
            assertThat(of(routes, "/users")).allMatch(line -> line.rule() == 0);
            assertThat(of(routes, "/functional/*")).singleElement().satisfies(line -> assertThat(line.methods())
                    .containsExactly("GET"));
            assertThat(routes.toString()).contains("/functional/*", "rule[1]");
        }
    }

    @Test
    void aHandlerUnderTwoRulesAndOneUnderNoneAreProblems() {
        try (var redis = new RedisServer();
                var shop = Shop.start(
                        redis,
                        Careless.class,
                        "ficha.rules[0].path=/users",
                        "ficha.rules[1].path=/public/**",
                        "ficha.rules[1].allow=anyone")) {
            FichaRoutes routes = shop.getBean(FichaRoutes.class);
            assertThat(of(routes, "Careless#users"))
                    .anyMatch(line -> !line.problem().isEmpty());
            assertThat(of(routes, "Careless#forgotten"))
                    .allMatch(line -> line.rule() == -1 && !line.problem().isEmpty());
            assertThatThrownBy(routes::check)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("/forgotten")
                    .hasMessageContaining("/public/users.json");
        }
    }

    @Test
    void aMistakeInAnAnnotationStopsTheApplication() {
        try (var redis = new RedisServer()) {
            assertThatThrownBy(() -> Shop.start(redis, Mistaken.class))
                    .hasStackTraceContaining("@RequireFresh of")
                    .hasStackTraceContaining("Mistaken#soon");
        }
    }

    @RestController
    static class Mistaken {
        @GetMapping("/soon")
        @RequireFresh("five minutes")
        String soon() {
            return "soon";
        }
    }

    @Test
    void theCommandEndsWithAStatus() throws Exception {
        Process command = new ProcessBuilder(
                        java.nio.file.Path.of(System.getProperty("java.home"), "bin", "java")
                                .toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        RoutesTest.class.getName(),
                        "--ficha.redis.url=memory://",
                        "--server.port=0",
                        "--ficha.routes=check",
                        "--ficha.rules[0].path=/users/**")
                .redirectErrorStream(true)
                .start();
        String output = new String(command.getInputStream().readAllBytes());
        assertThat(command.waitFor()).as(output).isEqualTo(1);
        assertThat(output).contains("PROBLEM", "/users/*");
    }

    /** For the test of the command. */
    public static void main(String[] arguments) {
        SpringApplication.run(new Class<?>[] {Shop.class, Careful.class}, arguments);
    }
}
