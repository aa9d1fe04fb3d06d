package dev.ficha.spring;

import dev.ficha.RedisServer;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.security.Principal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.env.Environment;
import org.springframework.security.access.prepost.PreAuthorize;
import org.springframework.security.config.annotation.method.configuration.EnableMethodSecurity;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetails;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.servlet.mvc.support.RedirectAttributes;
import org.springframework.web.servlet.view.RedirectView;

/** An application as people write them, in a real servlet container. */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
@EnableMethodSecurity
@Import(Shop.Handlers.class)
class Shop {

    /** Starts it with one dependency and one property, and those that are given: {@code name=value}. */
    static ConfigurableApplicationContext start(RedisServer redis, String... properties) {
        return start(redis, Shop.class, properties);
    }

    /** The same with {@code more} beside the shop's own beans. */
    static ConfigurableApplicationContext start(RedisServer redis, Class<?> more, String... properties) {
        var all = new ArrayList<>(List.of(
                "--ficha.redis.url=" + redis.url(),
                "--server.port=0",
                "--spring.main.banner-mode=off",
                "--logging.level.root=WARN"));
        for (String property : properties) all.add("--" + property);
        return SpringApplication.run(new Class<?>[] {Shop.class, more}, all.toArray(String[]::new));
    }

    static int portOf(ConfigurableApplicationContext shop) {
        return ((WebServerApplicationContext) shop).getWebServer().getPort();
    }

    @Bean
    SecurityFilterChain security(HttpSecurity http, Environment environment) {
        http.authorizeHttpRequests(requests -> requests.requestMatchers("/public/**", "/visits", "/flash/**", "/error")
                        .permitAll()
                        .anyRequest()
                        .authenticated())
                .formLogin(form -> form.permitAll())
                .csrf(csrf -> {
                    if (!environment.getProperty("shop.csrf", Boolean.class, false)) csrf.disable();
                });
        Integer maximum = environment.getProperty("shop.maximum-sessions", Integer.class);
        if (maximum != null) {
            boolean refuse = environment.getProperty("shop.refuse", Boolean.class, false);
            String expired = environment.getProperty("shop.expired");
            http.sessionManagement(sessions -> {
                var limited = sessions.maximumSessions(maximum).maxSessionsPreventsLogin(refuse);
                if (expired != null) limited.expiredUrl(expired);
            });
        }
        String invalid = environment.getProperty("shop.invalid");
        if (invalid != null) http.sessionManagement(sessions -> sessions.invalidSessionUrl(invalid));
        return http.build();
    }

    private static UserDetails dora() {
        List<String> authorities =
                new ArrayList<>(List.of("ROLE_customer", "ROLE_Domain Users", "ROLE_" + "x".repeat(300)));
        for (int i = 0; i < 3000; i++) authorities.add("permission " + i);
        return User.withUsername("dora")
                .password("{noop}secret")
                .authorities(authorities.toArray(String[]::new))
                .build();
    }

    @Bean
    UserDetailsService users() {
        return new InMemoryUserDetailsManager(
                dora(),
                User.withUsername("n".repeat(300))
                        .password("{noop}secret")
                        .roles("customer")
                        .build(),
                User.withUsername("locked")
                        .password("{noop}secret")
                        .roles("customer")
                        .accountLocked(true)
                        .build(),
                User.withUsername("disabled")
                        .password("{noop}secret")
                        .roles("customer")
                        .disabled(true)
                        .build(),
                User.withUsername("alice")
                        .password("{noop}secret")
                        .authorities("ROLE_admin", "ROLE_customer", "SCOPE_reports:read", "reports")
                        .build(),
                User.withUsername("carol")
                        .password("{noop}secret")
                        .roles("customer")
                        .build(),
                User.withUsername("bob")
                        .password("{noop}secret")
                        .roles("customer")
                        .build());
    }

    /** Something that JSON does not have by itself. */
    record Cart(String owner, List<String> items) {}

    /** Where a request waits for a test. */
    static final class Gate {
        final CountDownLatch reached = new CountDownLatch(1);
        final CountDownLatch open = new CountDownLatch(1);
    }

    @RestController
    static class Handlers {
        // Of the class: the bean is behind a proxy.
        static volatile Gate gate = new Gate();

        @GetMapping("/public/hello")
        String hello() {
            return "hello";
        }

        @GetMapping("/me")
        Map<String, Object> me(Principal principal, Authentication authentication, HttpServletRequest request) {
            List<String> authorities = authentication.getAuthorities().stream()
                    .map(each -> each.getAuthority())
                    .sorted()
                    .toList();
            return Map.of(
                    "name",
                    principal.getName(),
                    "authorities",
                    authorities,
                    "id",
                    request.getSession(false).getId());
        }

        @PutMapping("/attributes/{name}")
        void set(@PathVariable String name, @RequestBody Object value, HttpSession session) {
            session.setAttribute(name, value);
        }

        @GetMapping("/attributes/{name}")
        Map<String, Object> get(@PathVariable String name, HttpSession session) {
            Object value = session.getAttribute(name);
            return value == null
                    ? Map.of()
                    : Map.of("value", value, "class", value.getClass().getSimpleName());
        }

        @PostMapping("/list/{name}/{element}")
        @SuppressWarnings("unchecked")
        void append(@PathVariable String name, @PathVariable String element, HttpSession session) {
            ((List<Object>) session.getAttribute(name)).add(element);
        }

        @PostMapping("/cart/{item}")
        Cart cart(@PathVariable String item, HttpSession session, Principal principal) {
            var cart = (Cart) session.getAttribute("cart");
            var items = new ArrayList<>(cart == null ? List.<String>of() : cart.items());
            items.add(item);
            var changed = new Cart(principal.getName(), items);
            session.setAttribute("cart", changed);
            return changed;
        }

        @GetMapping("/visits")
        int visits(HttpSession session) {
            Integer before = (Integer) session.getAttribute("visits");
            int now = before == null ? 1 : before + 1;
            session.setAttribute("visits", now);
            return now;
        }

        @GetMapping("/public/look")
        String look(HttpSession session) {
            return String.valueOf(session.isNew());
        }

        @PostMapping("/waiting/{name}")
        void waiting(@PathVariable String name, HttpSession session) throws InterruptedException {
            session.setAttribute(name, "late");
            gate.reached.countDown();
            gate.open.await(10, TimeUnit.SECONDS);
        }

        @PostMapping("/flush/{name}")
        void flush(@PathVariable String name, HttpSession session, HttpServletResponse response) throws IOException {
            session.setAttribute(name, "before");
            response.getWriter().write("written");
            response.flushBuffer();
        }

        @GetMapping("/admin")
        @PreAuthorize("hasRole('admin')")
        String admin() {
            return "admin";
        }

        @GetMapping("/credential")
        String credential(HttpServletRequest request) {
            return String.valueOf(request.getHeader("Authorization"));
        }

        @GetMapping("/domain")
        @PreAuthorize("hasRole('Domain Users')")
        String domain() {
            return "domain";
        }

        @GetMapping("/public/id")
        List<Object> ids(HttpServletRequest request, HttpSession session) {
            return List.of(
                    session.getId(),
                    String.valueOf(request.getRequestedSessionId()),
                    session.getCreationTime(),
                    session.isNew());
        }

        @GetMapping("/reports")
        @PreAuthorize("hasAuthority('SCOPE_reports:read')")
        String reports() {
            return "reports";
        }

        @GetMapping("/fresh")
        @RequireFresh("1s")
        String fresh() {
            return "fresh";
        }

        @PostMapping("/invalidate")
        void invalidate(HttpSession session) {
            session.invalidate();
        }

        @PostMapping("/timeout/{seconds}")
        void timeout(@PathVariable int seconds, HttpSession session) {
            session.setMaxInactiveInterval(seconds);
        }

        @GetMapping("/who")
        String who(HttpServletRequest request) {
            String header = request.getHeader("X-User");
            return request.getRemoteUser() + ": " + (header == null ? "no header" : header);
        }

        @PostMapping("/flash/{text}")
        RedirectView flash(@PathVariable String text, RedirectAttributes attributes) {
            attributes.addFlashAttribute("message", text);
            return new RedirectView("/flash/read");
        }

        @GetMapping("/flash/read")
        String readFlash(org.springframework.ui.Model model) {
            return String.valueOf(model.getAttribute("message"));
        }
    }
}
