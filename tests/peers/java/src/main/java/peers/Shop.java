package peers;

import dev.ficha.spring.FichaUsers;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpSession;
import java.math.BigDecimal;
import java.security.Principal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.stream.IntStream;
import kotlin.collections.CollectionsKt;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.security.access.prepost.PreAuthorize;
import org.springframework.security.config.annotation.method.configuration.EnableMethodSecurity;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetails;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.oauth2.client.OAuth2AuthorizedClient;
import org.springframework.security.oauth2.client.annotation.RegisteredOAuth2AuthorizedClient;
import org.springframework.security.oauth2.client.oidc.web.logout.OidcClientInitiatedLogoutSuccessHandler;
import org.springframework.security.oauth2.client.registration.ClientRegistrationRepository;
import org.springframework.security.oauth2.client.registration.InMemoryClientRegistrationRepository;
import org.springframework.security.oauth2.client.web.HttpSessionOAuth2AuthorizedClientRepository;
import org.springframework.security.oauth2.client.web.OAuth2AuthorizedClientRepository;
import org.springframework.security.oauth2.core.oidc.user.OidcUser;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.ui.Model;
import org.springframework.validation.BindingResult;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.ModelAttribute;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.servlet.LocaleResolver;
import org.springframework.web.servlet.config.annotation.InterceptorRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;
import org.springframework.web.servlet.i18n.LocaleChangeInterceptor;
import org.springframework.web.servlet.i18n.SessionLocaleResolver;
import org.springframework.web.servlet.mvc.support.RedirectAttributes;
import org.springframework.web.servlet.view.RedirectView;

/** An application as people write them for Tomcat's own sessions. */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
@EnableMethodSecurity
@Import(Shop.Handlers.class)
class Shop {
    static IdentityProvider provider;

    @Bean
    SecurityFilterChain security(HttpSecurity http, ClientRegistrationRepository registrations) {
        http.authorizeHttpRequests(requests ->
                        requests.requestMatchers("/public/**", "/error").permitAll().anyRequest().authenticated())
                .csrf(csrf -> csrf.disable())
                .formLogin(form -> form.permitAll())
                .oauth2Login(login -> {})
                .webAuthn(passkeys -> passkeys.rpName("Shop")
                        .rpId("localhost")
                        .allowedOrigins("http://localhost"))
                // As Spring Security advises where invalidSessionUrl is used.
                .logout(logout -> logout.deleteCookies("JSESSIONID")
                        .logoutSuccessHandler(new OidcClientInitiatedLogoutSuccessHandler(registrations)))
                .sessionManagement(sessions -> sessions.invalidSessionUrl("/public/gone")
                        .maximumSessions(2)
                        .expiredUrl("/public/expired"));
        return http.build();
    }

    @Bean
    ClientRegistrationRepository registrations() {
        return new InMemoryClientRegistrationRepository(provider.registration());
    }

    @Bean
    OAuth2AuthorizedClientRepository authorizedClients() {
        return new HttpSessionOAuth2AuthorizedClientRepository();
    }

    private static UserDetails user(String name, String... authorities) {
        return User.withUsername(name)
                .password("{noop}secret")
                .authorities(authorities)
                .accountLocked(name.equals("locked"))
                .disabled(name.equals("disabled"))
                .build();
    }

    @Bean
    UserDetailsService users() {
        String[] many = IntStream.range(0, 3000).mapToObj(i -> "may do " + i).toArray(String[]::new);
        return new InMemoryUserDetailsManager(
                user("alice", "ROLE_customer", "SCOPE_orders", "reports"),
                user("bob", "ROLE_customer"),
                user("dora", "ROLE_Domain Users", "ROLE_" + "x".repeat(300)),
                user("max", many),
                user("n".repeat(300), "ROLE_customer"),
                user("locked", "ROLE_customer"),
                user("disabled", "ROLE_customer"));
    }

    /** Not looked at without Ficha. */
    @Bean
    FichaUsers fichaUsers(UserDetailsService users) {
        return FichaUsers.of(users);
    }

    @Bean
    LocaleResolver localeResolver() {
        return new SessionLocaleResolver();
    }

    @Bean
    WebMvcConfigurer language() {
        return new WebMvcConfigurer() {
            @Override
            public void addInterceptors(InterceptorRegistry registry) {
                var interceptor = new LocaleChangeInterceptor();
                interceptor.setParamName("language");
                registry.addInterceptor(interceptor);
            }
        };
    }

    enum Size {
        SMALL,
        LARGE
    }

    record Item(String name, BigDecimal price) {}

    record Form(String name, Integer age) {}

    @RestController
    static class Handlers {
        @GetMapping("/public/hello")
        String hello() {
            return "hello";
        }

        @GetMapping("/public/why")
        String why(HttpSession session) {
            return String.valueOf(session.getAttribute("SPRING_SECURITY_LAST_EXCEPTION"));
        }

        @GetMapping({"/public/gone", "/public/expired"})
        String told(HttpServletRequest request) {
            return request.getRequestURI() + " " + request.getRequestedSessionId();
        }

        @GetMapping("/me")
        String me(Authentication authentication, Principal principal) {
            List<String> authorities = authentication.getAuthorities().stream()
                    .map(each -> each.getAuthority())
                    .sorted()
                    .toList();
            return principal.getName() + " " + authorities.size() + " " + authorities.hashCode();
        }

        @GetMapping("/user")
        String user(@AuthenticationPrincipal User user) {
            return user.getUsername() + " " + user.isEnabled();
        }

        @GetMapping("/domain")
        @PreAuthorize("hasRole('Domain Users')")
        String domain() {
            return "in";
        }

        @GetMapping("/oidc")
        String oidc(
                @AuthenticationPrincipal OidcUser user,
                @RegisteredOAuth2AuthorizedClient("idp") OAuth2AuthorizedClient client) {
            return user.getEmail() + " " + user.getAddress().getCountry() + " " + user.getIssuer().getProtocol() + " "
                    + user.getIdToken().getAudience() + " " + client.getAccessToken().getTokenValue() + " "
                    + client.getRefreshToken().getTokenValue();
        }

        @GetMapping("/public/ids")
        String ids(HttpServletRequest request) {
            boolean before = request.getSession(false) != null;
            HttpSession session = request.getSession();
            Object known = session.getAttribute("id");
            Object created = session.getAttribute("created");
            session.setAttribute("id", session.getId());
            session.setAttribute("created", String.valueOf(session.getCreationTime()));
            return before + " " + session.getId().equals(known) + " "
                    + String.valueOf(session.getCreationTime()).equals(created) + " "
                    + session.getId().equals(request.getRequestedSessionId());
        }

        @PostMapping("/public/values")
        String set(HttpSession session) {
            session.setAttribute("size", Size.LARGE);
            session.setAttribute("uuid", new UUID(1, 2));
            session.setAttribute("at", Instant.EPOCH.plusNanos(5));
            session.setAttribute("words", new String[] {"a", "b"});
            session.setAttribute("items", new ArrayList<>(List.of(new Item("pen", new BigDecimal("1.10")))));
            session.setAttribute("price", new BigDecimal("0.1000000000000000055511151231257827"));
            session.setAttribute("kotlin", CollectionsKt.listOf("x", "y"));
            session.setAttribute("none", CollectionsKt.emptyList());
            return "set";
        }

        @GetMapping("/public/values")
        String values(HttpSession session) {
            @SuppressWarnings("unchecked")
            var items = (List<Item>) session.getAttribute("items");
            return session.getAttribute("size") + " " + session.getAttribute("uuid") + " " + session.getAttribute("at") + " "
                    + Arrays.toString((String[]) session.getAttribute("words")) + " " + items.get(0).price() + " "
                    + session.getAttribute("price") + " " + session.getAttribute("kotlin") + session.getAttribute("none");
        }

        @PostMapping("/public/price")
        String price(HttpSession session) {
            session.setAttribute("price", new BigDecimal("0.10000000000000001"));
            return "set";
        }

        @PostMapping("/public/form")
        RedirectView form(@ModelAttribute("form") Form form, BindingResult result, RedirectAttributes flash) {
            if (form.name() == null || form.name().isEmpty()) result.rejectValue("name", "required", "who are you?");
            flash.addFlashAttribute("form", form);
            flash.addFlashAttribute(BindingResult.MODEL_KEY_PREFIX + "form", result);
            flash.addFlashAttribute("size", Size.SMALL);
            return new RedirectView("/public/form");
        }

        @GetMapping("/public/form")
        String form(Model model) {
            var result = (BindingResult) model.getAttribute(BindingResult.MODEL_KEY_PREFIX + "form");
            if (result == null) return "empty";
            return model.getAttribute("form") + " " + model.getAttribute("size") + " " + result.getErrorCount() + " "
                    + result.getFieldError("name").getDefaultMessage() + " "
                    + result.getFieldError("name").getCodes()[0] + " " + result.getFieldValue("age");
        }

        @GetMapping("/public/language")
        String language(Locale locale) {
            return locale.toLanguageTag();
        }
    }
}
