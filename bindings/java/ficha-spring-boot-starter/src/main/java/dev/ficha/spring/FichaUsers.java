package dev.ficha.spring;

import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.core.userdetails.UsernameNotFoundException;

/**
 * What handlers get as the principal. A session knows a user's name; a bean of this type makes of it whatever the
 * application has of its users, once for each request that asks. Roles and other authorities remain those of the session.
 */
@FunctionalInterface
public interface FichaUsers {
    /** Null: there is no such user any more, and the request is nobody's. */
    Object of(FichaPrincipal principal);

    /** What the service finds under the name, as after a login with a password. */
    static FichaUsers of(UserDetailsService service) {
        return principal -> {
            try {
                return service.loadUserByUsername(principal.getName());
            } catch (UsernameNotFoundException e) {
                return null;
            }
        };
    }
}
