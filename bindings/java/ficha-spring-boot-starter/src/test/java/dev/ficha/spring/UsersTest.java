package dev.ficha.spring;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ficha.NoLeakedHandles;
import dev.ficha.Patch;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.access.prepost.PreAuthorize;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** The application's own users, had again by a bean; and what the log says of those who may not. */
@ExtendWith({NoLeakedHandles.class, OutputCaptureExtension.class})
class UsersTest {
    @RegisterExtension
    static final RunningShop SHOP = new RunningShop(
            Users.class,
            "logging.level.dev.ficha=DEBUG",
            "ficha.rules[0].path=/admin",
            "ficha.rules[0].roles=admin",
            "ficha.rules[1].path=/**",
            "ficha.rules[1].allow=anyone");

    @Configuration(proxyBeanMethods = false)
    @RestController
    static class Users {
        @Bean
        FichaUsers fichaUsers(UserDetailsService users) {
            return FichaUsers.of(users);
        }

        @GetMapping("/user")
        @PreAuthorize("hasRole('customer')")
        String user(@AuthenticationPrincipal User user, java.security.Principal principal) {
            return principal.getName() + " " + user.getAuthorities().size();
        }
    }

    @Test
    void handlersGetTheApplicationsOwnUserWithTheSessionsRoles() {
        Browser browser = SHOP.newBrowser();
        browser.login("carol");
        assertThat(browser.get("/user").body()).isEqualTo("carol 1");
        SHOP.others().patchPrincipal("carol", Patch.create().roles(List.of("guest")));
        assertThat(browser.get("/user").statusCode()).isEqualTo(403);
    }

    @Test
    void whoIsNoUserAnyMoreIsNobody() {
        Browser browser = SHOP.newBrowser();
        browser.present(SHOP.others()
                .create(dev.ficha.NewSession.of("deleted").roles("customer"))
                .token()
                .orElseThrow());
        assertThat(browser.get("/user").statusCode()).isEqualTo(302);
    }

    @Test
    void theLogSaysWhyARequestWasDenied(CapturedOutput output) {
        Browser browser = SHOP.newBrowser();
        browser.login("bob");
        assertThat(browser.get("/admin?secret=1").statusCode()).isEqualTo(403);
        assertThat(output)
                .contains("GET /admin is denied: 403 forbidden, because of missing_role, by rule 0")
                .doesNotContain("secret=1")
                .doesNotContain(browser.token());
    }
}
