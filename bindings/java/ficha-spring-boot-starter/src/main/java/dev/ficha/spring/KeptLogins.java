package dev.ficha.spring;

import dev.ficha.Session;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.security.core.AuthenticatedPrincipal;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.GrantedAuthority;
import org.springframework.security.core.userdetails.UserDetails;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JacksonModule;
import tools.jackson.databind.json.JsonMapper;

/**
 * Logins at an identity provider (OAuth 2.0, OpenID Connect, SAML): the principal is what the provider said, and its logout
 * asks for that, so the whole Authentication is kept, as Spring Security's JSON modules write it.
 */
final class KeptLogins {
    private static final Log LOG = LogFactory.getLog(KeptLogins.class);

    private final JsonMapper json;

    KeptLogins(List<JacksonModule> modules) {
        json = JsonMapper.builder().addModules(modules).build();
    }

    /** Empty: a login of another kind, or one with classes of the application's own, which could not be read. */
    Optional<String> write(Authentication authentication) {
        if (authentication instanceof FichaAuthentication || !isKept(authentication.getPrincipal())) {
            return Optional.empty();
        }
        try {
            String text = json.writeValueAsString(
                    authentication.toBuilder().details(null).build());
            Authentication read = read(text);
            if (read != null && isSame(authentication, read)) return Optional.of(text);
        } catch (JacksonException e) {
            // Told below.
        }
        LOG.warn(
                "a login's " + authentication.getPrincipal().getClass().getName()
                        + " is not kept, for it could not be read: its name and authorities are; a FichaUsers bean can make it again");
        return Optional.empty();
    }

    private static boolean isKept(Object principal) {
        return principal instanceof AuthenticatedPrincipal && !(principal instanceof UserDetails);
    }

    private static boolean isSame(Authentication written, Authentication read) {
        return read.getClass() == written.getClass()
                && read.getPrincipal().getClass() == written.getPrincipal().getClass();
    }

    /** Null for nothing, and for what cannot be read. */
    Authentication read(Object text) {
        if (!(text instanceof String login)) return null;
        try {
            return json.readValue(login, Object.class) instanceof Authentication authentication ? authentication : null;
        } catch (JacksonException | IllegalArgumentException e) {
            LOG.warn("a login cannot be read, and counts by its name ("
                    + e.getClass().getSimpleName() + ")");
            return null;
        }
    }

    /** The same, with what the session says by now. */
    static Authentication of(Authentication kept, Collection<GrantedAuthority> authorities, Session session) {
        return kept.toBuilder()
                .authorities(all -> {
                    all.clear();
                    all.addAll(authorities);
                })
                .details(session)
                .build();
    }
}
