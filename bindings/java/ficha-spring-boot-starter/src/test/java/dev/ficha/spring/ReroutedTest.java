package dev.ficha.spring;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ficha.FichaClient;
import dev.ficha.NewSession;
import dev.ficha.NoLeakedHandles;
import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** Requests that are routed by something else than what came in: judged is what is routed. */
@ExtendWith(NoLeakedHandles.class)
class ReroutedTest {
    @RegisterExtension
    static final RunningShop SHOP = new RunningShop(
            Handlers.class,
            "server.forward-headers-strategy=framework",
            "spring.mvc.hiddenmethod.filter.enabled=true",
            "ficha.prefixes=/shop",
            "ficha.rules[0].path=/public/staff/**",
            "ficha.rules[0].roles=staff",
            "ficha.rules[1].path=/public/kept",
            "ficha.rules[1].methods=POST",
            "ficha.rules[1].allow=anyone",
            "ficha.rules[2].path=/public/kept",
            "ficha.rules[2].methods=DELETE",
            "ficha.rules[2].roles=staff",
            "ficha.rules[3].path=/**",
            "ficha.rules[3].allow=anyone");

    private final FichaClient others = SHOP.others();
    private final Wire wire = new Wire(SHOP.port());

    @RestController
    static class Handlers {

        /** An application's own: after the policy, it makes another request of what it got. */
        @Bean
        static FilterRegistrationBean<Filter> rewriting() {
            var registration = new FilterRegistrationBean<Filter>((request, response, chain) -> {
                var http = (HttpServletRequest) request;
                String target = http.getHeader("X-Rewrite");
                chain.doFilter(
                        target == null
                                ? http
                                : new HttpServletRequestWrapper(http) {
                                    @Override
                                    public String getRequestURI() {
                                        return target;
                                    }

                                    @Override
                                    public String getServletPath() {
                                        return target;
                                    }
                                },
                        response);
            });
            registration.setOrder(FichaFilter.ORDER + 1);
            return registration;
        }

        @GetMapping("/public/staff/secret")
        String secret() {
            return "secret";
        }

        @GetMapping("/public/open")
        String open() {
            return "open";
        }

        @PostMapping("/public/kept")
        String add() {
            return "added";
        }

        @DeleteMapping("/public/kept")
        String delete() {
            return "deleted";
        }

        @GetMapping("/public/forward")
        void forward(HttpServletRequest request, HttpServletResponse response) throws Exception {
            request.getRequestDispatcher("/public/staff/secret").forward(request, response);
        }

        @GetMapping("/public/include")
        void include(HttpServletRequest request, HttpServletResponse response) throws Exception {
            response.setHeader("X-Before", "1");
            request.getRequestDispatcher("/public/staff/secret").include(request, response);
        }

        @GetMapping("/public/async")
        void async(HttpServletRequest request) {
            request.startAsync().dispatch("/public/staff/secret");
        }

        @GetMapping("/public/login-and-forward")
        void loginAndForward(FichaSession session, HttpServletRequest request, HttpServletResponse response)
                throws Exception {
            session.login(NewSession.of("stella").roles("staff"));
            request.getRequestDispatcher("/public/staff/secret").forward(request, response);
        }

        @GetMapping("/public/logout-and-forward")
        void logoutAndForward(FichaSession session, HttpServletRequest request, HttpServletResponse response)
                throws Exception {
            session.logout();
            request.getRequestDispatcher("/public/staff/secret").forward(request, response);
        }

        @RequestMapping("/public/any")
        String any(HttpServletRequest request) throws IOException {
            return request.getMethod();
        }
    }

    private String[] asStaff() {
        String token =
                others.create(NewSession.of("stella").roles("staff")).token().orElseThrow();
        return new String[] {"Authorization: Bearer " + token};
    }

    private static String[] with(String[] fields, String more) {
        var all = java.util.Arrays.copyOf(fields, fields.length + 1);
        all[fields.length] = more;
        return all;
    }

    // Nobody runs the handler without the role, and somebody with it does.
    private void isHeld(String method, String target, int denial, String... fields) {
        Wire.Answer anonymous = wire.send(method, target, fields);
        assertThat(anonymous.body()).as(target).doesNotContain("secret").doesNotContain("deleted");
        assertThat(anonymous.status()).as(target).isEqualTo(denial);
        String[] permitted = fields;
        for (String field : asStaff()) permitted = with(permitted, field);
        assertThat(wire.send(method, target, permitted).status()).as(target).isEqualTo(200);
    }

    @Test
    void aPrefixThatTheConfigurationDoesNotNameIsRefused() {
        for (String prefix : new String[] {"/public", "/x", "/public/staff", "/shop/x", "/SHOP"}) {
            assertThat(wire.send("GET", "/staff/secret", "X-Forwarded-Prefix: " + prefix)
                            .status())
                    .as(prefix)
                    .isEqualTo(400);
            assertThat(wire.send("GET", "/public/staff/secret", "X-Forwarded-Prefix: " + prefix)
                            .status())
                    .as(prefix)
                    .isEqualTo(400);
        }
    }

    @Test
    void aPrefixThatItNamesIsTakenOffOnceAndRulesDoNotHoldIt() {
        isHeld("GET", "/public/staff/secret", 401, "X-Forwarded-Prefix: /shop");
        assertThat(wire.send("GET", "/public/open", "X-Forwarded-Prefix: /shop").body())
                .isEqualTo("open");
    }

    @Test
    void forwardsIncludesAndDispatchesAreJudgedByWhereTheyGo() {
        isHeld("GET", "/public/forward", 401);
        isHeld("GET", "/public/include", 401);
        isHeld("GET", "/public/async", 401);
    }

    @Test
    void aForwardAfterALoginIsJudgedByTheNewSessionAndAfterALogoutByNone() {
        assertThat(wire.send("GET", "/public/login-and-forward").body()).isEqualTo("secret");
        assertThat(wire.send("GET", "/public/logout-and-forward", asStaff()).status())
                .isEqualTo(401);
    }

    @Test
    void whatAFilterMadeOfTheRequestIsJudgedBeforeTheHandler() {
        isHeld("GET", "/public/open", 401, "X-Rewrite: /public/staff/secret");
        assertThat(wire.send("GET", "/public/nowhere", "X-Rewrite: /public/open")
                        .body())
                .isEqualTo("open");
    }

    @Test
    void anOverriddenMethodIsJudgedAsWell() {
        isHeld("POST", "/public/kept?_method=delete", 401);
        assertThat(wire.send("POST", "/public/kept").body()).isEqualTo("added");
    }

    @Test
    void methodsThatNoRuleListsRunNothing() {
        Wire.Answer answer = wire.send("FOO", "/public/any");
        assertThat(answer.status()).isEqualTo(405);
        assertThat(answer.field("Allow"))
                .hasValueSatisfying(allow -> assertThat(allow).contains("GET"));
        assertThat(wire.send("post", "/public/any").status()).isEqualTo(400);
        assertThat(wire.send("PUT", "/public/any").body()).isEqualTo("PUT");
    }

    @Test
    void caseIsNoWayAround() {
        for (String target : new String[] {"/public/STAFF/secret", "/PUBLIC/staff/secret", "/public/%53taff/secret"}) {
            assertThat(wire.send("GET", target).status()).as(target).isEqualTo(401);
        }
    }
}
