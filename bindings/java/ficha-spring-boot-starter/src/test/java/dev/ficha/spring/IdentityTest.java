package dev.ficha.spring;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ficha.FichaClient;
import dev.ficha.NewSession;
import dev.ficha.NoLeakedHandles;
import dev.ficha.Patch;
import dev.ficha.Session;
import jakarta.servlet.http.HttpServletRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.core.annotation.Order;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.GrantedAuthority;
import org.springframework.security.core.authority.FactorGrantedAuthority;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.authentication.switchuser.SwitchUserFilter;
import org.springframework.security.web.context.HttpSessionSecurityContextRepository;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/** Who somebody is, what she may do, and how well she proved it: only Spring Security's own steps say so. */
@ExtendWith(NoLeakedHandles.class)
class IdentityTest {
    @RegisterExtension
    static final RunningShop SHOP = new RunningShop(
            Handlers.class,
            "ficha.rules[0].path=/area/aged",
            "ficha.rules[0].max-auth-age=1h",
            "ficha.rules[1].path=/**",
            "ficha.rules[1].allow=anyone");

    private final FichaClient others = SHOP.others();
    private final Browser browser = SHOP.newBrowser();

    @RestController
    static class Handlers {
        @Bean
        @Order(0)
        SecurityFilterChain area(HttpSecurity http, UserDetailsService users) {
            var switching = new SwitchUserFilter();
            switching.setUserDetailsService(users);
            switching.setTargetUrl("/area/who");
            switching.setSwitchUserUrl("/area/impersonate");
            switching.setExitUserUrl("/area/back");
            switching.setSecurityContextRepository(new HttpSessionSecurityContextRepository());
            switching.afterPropertiesSet();
            return http.securityMatcher("/area/**")
                    .authorizeHttpRequests(requests -> requests.requestMatchers("/area/full")
                            .fullyAuthenticated()
                            .requestMatchers("/area/impersonate")
                            .hasRole("admin")
                            .requestMatchers("/area/login", "/area/factors/**")
                            .permitAll()
                            .anyRequest()
                            .authenticated())
                    .formLogin(form -> form.loginProcessingUrl("/area/login").defaultSuccessUrl("/area/who"))
                    .rememberMe(remember ->
                            remember.key("k").userDetailsService(users).alwaysRemember(true))
                    .addFilter(switching)
                    .csrf(csrf -> csrf.disable())
                    .build();
        }

        @GetMapping({"/area/who", "/area/full", "/area/aged"})
        List<String> who(Authentication authentication) {
            var all = new java.util.ArrayList<>(List.of(authentication.getName()));
            authentication.getAuthorities().forEach(each -> all.add(each.getAuthority()));
            return all;
        }

        @GetMapping("/area/fresh")
        @RequireFresh("1h")
        String fresh() {
            return "fresh";
        }

        @GetMapping("/area/factors")
        Map<String, Long> factors(Authentication authentication) {
            var times = new java.util.TreeMap<String, Long>();
            for (GrantedAuthority granted : authentication.getAuthorities()) {
                if (granted instanceof FactorGrantedAuthority factor)
                    times.put(factor.getAuthority(), factor.getIssuedAt().toEpochMilli());
            }
            return times;
        }

        /** What Spring Security does when a further factor is proved: the new one and those from before. */
        @PostMapping("/area/factors/{name}/{millisecondsAgo}")
        void prove(
                @PathVariable String name,
                @PathVariable long millisecondsAgo,
                Authentication before,
                HttpServletRequest request) {
            var authorities = new java.util.ArrayList<GrantedAuthority>();
            authorities.add(FactorGrantedAuthority.withFactor(name)
                    .issuedAt(Instant.now().minusMillis(millisecondsAgo))
                    .build());
            if (before != null) authorities.addAll(before.getAuthorities());
            var context = SecurityContextHolder.createEmptyContext();
            context.setAuthentication(UsernamePasswordAuthenticationToken.authenticated("alice", null, authorities));
            new HttpSessionSecurityContextRepository().saveContext(context, request, null);
        }
    }

    private Session stored() {
        return others.load(browser.token(), false, true).orElseThrow();
    }

    private HttpResponse<String> login(String user) {
        return browser.post("/area/login", "username=" + user + "&password=secret");
    }

    // --- attributes are data ---------------------------------------------------------------------------------------

    @Test
    void noAttributeMakesAnAuthorityWhateverItsNameIs() {
        browser.login("bob");
        for (String name : List.of("spring.authorities", SecurityContexts.DETAILS, "spring:x", "authorities")) {
            for (String value : List.of(
                    "[\"ROLE_admin\"]",
                    "{\"authorities\":[\"ROLE_admin\",\"reports\"]}",
                    "{\"@class\":\"org.springframework.security.core.authority.SimpleGrantedAuthority\",\"role\":\"ROLE_admin\"}")) {
                browser.put("/attributes/" + name, value);
                others.patch(stored().id(), Patch.create().setJson(name, value));
                assertThat(browser.get("/admin").statusCode()).as(name).isEqualTo(403);
                assertThat(browser.get("/area/who").body())
                        .doesNotContain("admin")
                        .doesNotContain("reports");
            }
        }
    }

    @Test
    void aTextThatSomebodyWroteIsNeverReadAsAnObjectOfSpringsOwn() {
        browser.login("bob");
        String json =
                "{\"@class\":\"org.springframework.security.core.authority.SimpleGrantedAuthority\",\"role\":\"x\"}";
        others.patch(stored().id(), Patch.create().setJson("thing", json));
        assertThat(browser.get("/attributes/thing").body()).contains("LinkedHashMap");
        assertThat(browser.put("/attributes/other", json).statusCode()).isEqualTo(200);
        assertThat(browser.get("/attributes/other").body()).contains("LinkedHashMap");
    }

    @Test
    void authoritiesThatAreNeitherRoleNorScopeAreKeptApart() {
        browser.login("alice");
        assertThat(browser.get("/me").body()).contains("\"reports\"", "FACTOR_PASSWORD");
        assertThat(stored().attributes()).isEmpty();
        assertThat(stored().protectedAttributes()).containsOnlyKeys(SecurityContexts.DETAILS, "spring.created");
    }

    // --- remember-me -----------------------------------------------------------------------------------------------

    private String rememberedByCookie() {
        String remembered = Browser.setCookies(login("alice")).stream()
                .filter(cookie -> cookie.startsWith("remember-me="))
                .findFirst()
                .orElseThrow();
        others.revokePrincipal("alice", null);
        return remembered.substring(0, remembered.indexOf(';'));
    }

    @Test
    void aRememberedUserIsNeitherFullNorFreshHoweverOftenSheComes() {
        var fields = "Cookie: " + rememberedByCookie();
        var wire = new Wire(SHOP.port());
        Wire.Answer first = wire.send("GET", "/area/who", fields);
        assertThat(first.body()).contains("alice");
        browser.present(first.field("Set-Cookie").orElseThrow().replaceFirst("(?s).*__Host-ficha=([^;]*);.*", "$1"));
        for (int request = 0; request < 2; request++) {
            assertThat(browser.get("/area/who").body()).contains("alice");
            assertThat(browser.get("/area/full").statusCode()).isEqualTo(302);
            assertThat(browser.get("/area/fresh").statusCode()).isEqualTo(401);
            assertThat(browser.get("/area/aged").statusCode()).isEqualTo(401);
        }
        login("alice");
        for (String path : List.of("/area/full", "/area/fresh", "/area/aged")) {
            assertThat(browser.get(path).statusCode()).as(path).isEqualTo(200);
        }
    }

    // --- factors ---------------------------------------------------------------------------------------------------

    @Test
    void everyFactorHasATimeOfItsOwn() throws Exception {
        long anHour = Duration.ofHours(1).toMillis();
        browser.post("/area/factors/PASSWORD/" + anHour, "");
        String before = browser.get("/area/factors").body();
        assertThat(before).contains("FACTOR_PASSWORD").doesNotContain("FACTOR_OTT");
        browser.post("/area/factors/OTT/0", "");
        String after = browser.get("/area/factors").body();
        assertThat(after).contains(before.substring(1, before.length() - 1)).contains("FACTOR_OTT");
    }

    // --- acting as somebody else -----------------------------------------------------------------------------------

    @Test
    void whoActsAsSomebodyElseIsNotFreshAndCanGoBack() {
        login("alice");
        browser.put("/attributes/cart", "\"alice's\"");
        Instant proved = stored().authenticatedAt().orElseThrow();
        Duration idle = stored().idleTimeout();
        String alices = browser.token();

        HttpResponse<String> switching = browser.post("/area/impersonate", "username=bob");
        assertThat(switching.headers().firstValue("Location"))
                .as(switching.body())
                .hasValueSatisfying(to -> assertThat(to).endsWith("/area/who"));
        assertThat(stored().principal()).isEqualTo("bob");
        assertThat(stored().roles()).containsExactly("customer");
        assertThat(stored().attributes()).isEmpty();
        assertThat(others.load(alices, false, true)).as("the token is replaced").isEmpty();
        assertThat(browser.get("/area/who").body())
                .contains("bob", "ROLE_PREVIOUS_ADMINISTRATOR")
                .doesNotContain("admin\"");
        assertThat(browser.get("/area/full").statusCode()).isEqualTo(200);
        assertThat(browser.get("/area/fresh").statusCode()).isEqualTo(401);
        assertThat(browser.get("/area/aged").statusCode()).isEqualTo(401);
        String acting = browser.token();

        browser.post("/area/back", "");
        assertThat(browser.get("/area/who").body())
                .contains("alice", "ROLE_admin")
                .doesNotContain("PREVIOUS");
        assertThat(stored().authenticatedAt()).hasValue(proved);
        assertThat(stored().idleTimeout()).isEqualTo(idle);
        assertThat(browser.get("/attributes/cart").body()).contains("alice's");
        assertThat(browser.get("/area/fresh").statusCode()).isEqualTo(200);
        assertThat(others.load(acting, false, true)).isEmpty();
    }

    @Test
    void whoeverWasLoggedOutMeanwhileCannotGoBack() {
        login("alice");
        browser.post("/area/impersonate", "username=bob");
        assertThat(stored().principal()).isEqualTo("bob");
        others.revokePrincipal("alice", null);
        browser.post("/area/back", "");
        assertThat(browser.get("/area/who").statusCode()).isEqualTo(302);
        assertThat(others.list("alice")).isEmpty();
    }

    @Test
    void aLogoutEndsTheSessionThatWaitsAsWell() {
        others.revokePrincipal("alice", null);
        login("alice");
        browser.post("/area/impersonate", "username=bob");
        String acting = stored().id();
        assertThat(stored().principal()).isEqualTo("bob");
        assertThat(others.list("alice")).hasSize(1);
        browser.post("/logout", "");
        assertThat(others.list("alice")).isEmpty();
        assertThat(others.find(acting)).isEmpty();
    }

    @Test
    void theSecondImpersonationLeadsBackToTheSameAdministrator() {
        login("alice");
        browser.post("/area/impersonate", "username=bob");
        others.patchPrincipal("bob", Patch.create().roles(List.of("admin")));
        browser.post("/area/impersonate", "username=carol");
        assertThat(stored().principal()).isEqualTo("carol");
        browser.post("/area/back", "");
        assertThat(browser.get("/area/who").body()).contains("alice", "ROLE_admin");
    }

    @Test
    void aSessionOfAnotherServiceWithoutAProofIsNotFull() {
        String token =
                others.create(NewSession.of("bob").authenticated(false)).token().orElseThrow();
        browser.present(token);
        assertThat(browser.get("/area/who").body()).contains("bob");
        assertThat(browser.get("/area/full").statusCode()).isNotEqualTo(200);
    }
}
