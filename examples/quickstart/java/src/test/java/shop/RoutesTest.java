package shop;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ficha.spring.FichaRoutes;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.boot.SpringApplication;

class RoutesTest {

    @Test
    @DisplayName("every route is judged by a rule of the policy, and none by a looser one than another of its handler")
    void routes() {
        try (var context = SpringApplication.run(Shop.class, "--ficha.config=../ficha.toml", "--server.port=0")) {
            var routes = context.getBean(FichaRoutes.class);
            routes.check();
            assertTrue(routes.lines().stream().anyMatch(line -> line.pattern().equals("/metrics") && line.rule() >= 0));
        }
    }
}
