package dev.ficha.spring;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ficha.FichaClient;
import dev.ficha.NewSession;
import dev.ficha.NoLeakedHandles;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** An application that is deployed at a path: the rules that all services share do not hold it. */
@ExtendWith(NoLeakedHandles.class)
class ContextPathTest {
    @RegisterExtension
    static final RunningShop SHOP = new RunningShop(
            Handlers.class,
            "server.servlet.context-path=/app",
            "spring.mvc.servlet.path=/mvc",
            "server.forward-headers-strategy=framework",
            "ficha.prefixes=/outside",
            "ficha.rules[0].path=/mvc/public/staff/**",
            "ficha.rules[0].roles=staff",
            "ficha.rules[1].path=/mvc/public/**",
            "ficha.rules[1].allow=anyone");

    private final FichaClient others = SHOP.others();
    private final Wire wire = new Wire(SHOP.port());

    @RestController
    static class Handlers {
        @GetMapping("/public/staff/secret")
        String secret() {
            return "secret";
        }

        @GetMapping("/public/open/{name}")
        String open() {
            return "open";
        }

        @GetMapping("/public/forward")
        void forward(HttpServletRequest request, HttpServletResponse response) throws Exception {
            request.getRequestDispatcher("/mvc/public/staff/secret").forward(request, response);
        }
    }

    @Test
    void rulesAreAboutWhatComesAfterTheContextPath() {
        String staff =
                others.create(NewSession.of("stella").roles("staff")).token().orElseThrow();
        for (String target : new String[] {"/app/mvc/public/staff/secret", "/app/mvc/public/forward"}) {
            assertThat(wire.send("GET", target).status()).as(target).isEqualTo(401);
            assertThat(wire.send("GET", target, "Authorization: Bearer " + staff)
                            .body())
                    .as(target)
                    .isEqualTo("secret");
        }
        assertThat(wire.send("GET", "/app/mvc/public/open/%C3%A9%20x").body()).isEqualTo("open");
    }

    @Test
    void aProxysPrefixMayStandInItsPlaceIfItIsConfigured() {
        assertThat(wire.send("GET", "/app/mvc/public/staff/secret", "X-Forwarded-Prefix: /outside")
                        .status())
                .isEqualTo(401);
        assertThat(wire.send("GET", "/app/mvc/public/open/x", "X-Forwarded-Prefix: /outside")
                        .body())
                .isEqualTo("open");
        assertThat(wire.send("GET", "/app/mvc/public/open/x", "X-Forwarded-Prefix: /elsewhere")
                        .status())
                .isEqualTo(400);
    }
}
