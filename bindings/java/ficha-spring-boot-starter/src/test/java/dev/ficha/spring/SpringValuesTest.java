package dev.ficha.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jakarta.servlet.http.Cookie;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.security.authentication.AuthenticationServiceException;
import org.springframework.security.authentication.BadCredentialsException;
import org.springframework.security.authentication.DisabledException;
import org.springframework.security.authentication.LockedException;
import org.springframework.security.core.AuthenticationException;
import org.springframework.security.jackson.SecurityJacksonModules;
import org.springframework.security.web.authentication.session.SessionAuthenticationException;
import org.springframework.security.web.csrf.DefaultCsrfToken;
import org.springframework.security.web.savedrequest.DefaultSavedRequest;
import org.springframework.util.StopWatch;

/** What Spring itself puts into sessions. */
class SpringValuesTest {
    private static final String LAST = "SPRING_SECURITY_LAST_EXCEPTION";

    private final SpringValues values = new SpringValues(
            SecurityJacksonModules.getModules(getClass().getClassLoader()), new JacksonAttributeMapper(Map.of()));

    /** An application's own, which no message alone makes. */
    static final class OwnException extends AuthenticationException {
        private static final long serialVersionUID = 1;

        OwnException(int code) {
            super("own " + code);
        }
    }

    private Object again(String name, Object value) {
        return values.read(name, values.write(name, value));
    }

    @Test
    void springsOwnObjectsAreReadAsWhatTheyWere() {
        var token = new DefaultCsrfToken("X-CSRF-TOKEN", "_csrf", "value");
        values.check("csrf", token);
        assertThat(((DefaultCsrfToken) again("csrf", token)).getToken()).isEqualTo("value");
    }

    @Test
    void whyALoginFailedIsReadAsWhatItWasHoweverItFailed() {
        for (AuthenticationException why : List.of(
                new BadCredentialsException("Bad credentials"),
                new LockedException("locked"),
                new DisabledException("disabled"),
                new SessionAuthenticationException("too many"))) {
            values.check(LAST, why);
            assertThat(again(LAST, why)).isInstanceOf(why.getClass()).hasToString(why.toString());
        }
        values.check(LAST, new OwnException(7));
        assertThat(again(LAST, new OwnException(7)))
                .isInstanceOf(AuthenticationServiceException.class)
                .hasFieldOrPropertyWithValue("message", "own 7");
    }

    @Test
    void whatWouldNotBeReadIsRefusedWhenItIsSet() {
        assertThat(values.writes("watch", new StopWatch("x"))).isTrue();
        assertThatThrownBy(() -> values.check("watch", new StopWatch("x")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"watch\"")
                .hasMessageContaining("StopWatch")
                .hasMessageContaining("ficha.attributes.types");
    }

    @Test
    void aSavedRequestHoldsNoCredential() {
        var request = new MockHttpServletRequest("GET", "/page");
        request.setQueryString("x=1");
        request.addHeader("authorization", "Basic c2VjcmV0");
        request.addHeader("Accept", "text/html");
        request.setCookies(new Cookie("remember-me", "c2VjcmV0"), new Cookie("theme", "dark"));
        var saved = (DefaultSavedRequest) again("saved", new DefaultSavedRequest(request, "continue"));
        assertThat(saved.getRedirectUrl()).isEqualTo("http://localhost/page?x=1&continue");
        assertThat(saved.getCookies()).isEmpty();
        assertThat(saved.getHeaderNames()).containsExactly("Accept");
        assertThat(values.write("saved", new DefaultSavedRequest(request, "continue")))
                .doesNotContain("c2VjcmV0");
    }

    @Test
    void namesThatAreKeptApartFitAndDiffer() {
        String name = "o.s.security.web.csrf.HttpSessionCsrfTokenRepository.CSRF_TOKEN";
        String apart = SpringValues.apartName(name);
        assertThat(apart.getBytes(StandardCharsets.UTF_8).length).isLessThanOrEqualTo(64);
        assertThat(apart).isNotEqualTo(SpringValues.apartName(name + "X"));
        assertThat(SpringValues.isApart(SpringValues.apartName("a"))).isTrue();
        assertThat(SpringValues.isApart(SecurityContexts.DETAILS)).isFalse();
    }
}
