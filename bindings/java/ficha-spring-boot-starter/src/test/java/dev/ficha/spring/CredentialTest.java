package dev.ficha.spring;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ficha.FichaClient;
import dev.ficha.NewSession;
import dev.ficha.NoLeakedHandles;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpSession;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.core.annotation.Order;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.servlet.mvc.support.RedirectAttributes;
import org.springframework.web.servlet.view.RedirectView;

/** The token is the client's alone: handlers do not see it, and nothing that stores requests can store it. */
@ExtendWith(NoLeakedHandles.class)
class CredentialTest {
    @RegisterExtension
    static final RunningShop SHOP = new RunningShop(Handlers.class);

    private final FichaClient others = SHOP.others();
    private final Browser browser = SHOP.newBrowser();
    private final Wire wire = new Wire(SHOP.port());

    @RestController
    static class Handlers {
        /** Beside the shop's own: an area with a remember-me cookie, and a request cache that keeps requests. */
        @Bean
        @Order(0)
        SecurityFilterChain remembering(HttpSecurity http, UserDetailsService users) {
            return http.securityMatcher("/kept/**")
                    .authorizeHttpRequests(requests -> requests.anyRequest().hasRole("nobody-has-this"))
                    .formLogin(form -> form.loginPage("/login"))
                    .rememberMe(remember ->
                            remember.key("k").userDetailsService(users).alwaysRemember(true))
                    .build();
        }

        @GetMapping("/public/seen")
        List<String> seen(HttpServletRequest request) {
            var seen = new ArrayList<String>();
            if (request.getCookies() != null) {
                for (Cookie cookie : request.getCookies())
                    seen.add("cookie " + cookie.getName() + "=" + cookie.getValue());
            }
            for (String name : Collections.list(request.getHeaderNames())) {
                if (!name.equalsIgnoreCase("cookie") && !name.equalsIgnoreCase("authorization")) continue;
                seen.add("name " + name);
                seen.add("first " + request.getHeader(name));
                Collections.list(request.getHeaders(name)).forEach(value -> seen.add("value " + value));
            }
            return seen;
        }

        @GetMapping("/public/forwarded")
        String forwarded(FichaCredential credential) {
            return credential.forward().map(Map.Entry::toString).orElse("none");
        }

        @GetMapping("/public/login-forwarded")
        String loginForwarded(FichaSession session, FichaCredential credential) {
            session.login(NewSession.of("alice"));
            return credential.forward().map(Map.Entry::toString).orElse("none") + " " + credential;
        }

        @PostMapping("/public/flash")
        RedirectView flash(HttpServletRequest request, RedirectAttributes attributes) {
            var fields = new ArrayList<String>();
            Collections.list(request.getHeaderNames())
                    .forEach(name -> fields.add(name + ": " + request.getHeader(name)));
            attributes.addFlashAttribute("request", String.join("\n", fields));
            return new RedirectView("/public/hello");
        }

        @PostMapping("/public/state")
        void state(HttpServletRequest request, HttpSession session) {
            var fields = new ArrayList<String>();
            Collections.list(request.getHeaderNames())
                    .forEach(name -> fields.add(name + ": " + request.getHeader(name)));
            session.setAttribute(
                    "state",
                    Base64.getEncoder().encodeToString(String.join("\n", fields).getBytes()));
            session.setAttribute("cookies", request.getCookies() == null ? 0 : request.getCookies().length);
        }
    }

    @Test
    void handlersSeeOtherCookiesAndOtherCredentialsButNotOurs() {
        String token = others.create(NewSession.of("alice")).token().orElseThrow();
        assertThat(wire.send("GET", "/public/seen", "Cookie: a=1; __Host-ficha=" + token + "; b=2")
                        .body())
                .doesNotContain(token)
                .doesNotContain("__Host-ficha")
                .contains("cookie a=1", "cookie b=2", "first a=1; b=2", "value a=1; b=2");
        assertThat(wire.send("GET", "/public/seen", "Cookie: __Host-ficha=" + token)
                        .body())
                .contains("[]");
        assertThat(wire.send("GET", "/public/seen", "Authorization: bearer " + token)
                        .body())
                .contains("[]");
        assertThat(wire.send("GET", "/public/seen", "Authorization: Basic YTpi").body())
                .contains("Basic YTpi");
    }

    @Test
    void aCookieOfOursIsHiddenWhereAProxyJoinedSeveralLinesByComma() {
        String token = others.create(NewSession.of("alice")).token().orElseThrow();
        for (String field : List.of("a=1,__Host-ficha=%s", "a=1, __Host-ficha=%s,b=2", "__Host-ficha=%s,a=1; b=2,c")) {
            assertThat(wire.send("GET", "/public/seen", "Cookie: " + field.formatted(token))
                            .body())
                    .doesNotContain(token)
                    .contains("a=1");
        }
        String first = "Cookie: __Host-ficha=" + token + ",b=2";
        assertThat(wire.send("GET", "/public/forwarded", first).body()).isEqualTo("Authorization=Bearer " + token);
    }

    @Test
    void aCallToAnotherServiceTakesTheCredentialAlong() {
        String token = others.create(NewSession.of("alice")).token().orElseThrow();
        String field = "Authorization=Bearer " + token;
        assertThat(wire.send("GET", "/public/forwarded", "Cookie: __Host-ficha=" + token)
                        .body())
                .isEqualTo(field);
        assertThat(wire.send("GET", "/public/forwarded", "Authorization: Bearer " + token)
                        .body())
                .isEqualTo(field);
        assertThat(wire.send("GET", "/public/forwarded").body()).isEqualTo("none");
        String after = browser.get("/public/login-forwarded").body();
        assertThat(after).isEqualTo("Authorization=Bearer " + browser.token() + " FichaCredential");
    }

    @Test
    void noLiveTokenLiesInRedisWhateverStoresTheRequest() throws Exception {
        browser.get("/visits");
        String visitors = browser.token();
        browser.alsoSending("remember-me=cmVtZW1iZXJlZDp0b2tlbg==");
        browser.send(browser.request("/me?x=1").header("Accept", "text/html").GET());
        assertNothingOf(visitors);
        browser.login("alice");
        assertThat(browser.post("/public/flash", "").statusCode()).isEqualTo(302);
        assertThat(browser.post("/public/state", "").statusCode()).isEqualTo(200);
        browser.send(browser.request("/kept/page").header("Accept", "text/html").GET());
        String bearer = others.create(NewSession.of("bob")).token().orElseThrow();
        wire.send("POST", "/public/state", "Authorization: Bearer " + bearer);
        wire.send("GET", "/me?x=2", "Accept: text/html", "Authorization: Bearer " + bearer);
        assertNothingOf(browser.token(), bearer, visitors);
    }

    @Test
    void aSavedRequestHoldsNoRememberMeCookie() throws Exception {
        String remembered = "Ym9iOjk5OTk5OTk5OTk6c2VjcmV0LW9mLXJlbWVtYmVyLW1l";
        wire.send(
                "GET",
                "/me?saved",
                "Accept: text/html",
                "Cookie: remember-me=" + remembered + "; theme=dark",
                "Authorization: Basic YTpi");
        Set<String> texts = AtRest.everything(SHOP.redis());
        assertThat(texts).anySatisfy(text -> assertThat(text).contains("/me").contains("saved"));
        assertThat(texts).noneSatisfy(text -> assertThat(text).contains(remembered));
        assertThat(texts).noneSatisfy(text -> assertThat(text).contains("secret-of-remember-me"));
    }

    private void assertNothingOf(String... tokens) throws Exception {
        Set<String> texts = AtRest.everything(SHOP.redis());
        assertThat(texts).hasSizeGreaterThan(3);
        for (String token : tokens) assertThat(texts).noneMatch(text -> text.contains(token));
    }
}
