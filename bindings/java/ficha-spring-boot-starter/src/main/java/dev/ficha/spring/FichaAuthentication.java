package dev.ficha.spring;

import dev.ficha.Session;
import java.util.Collection;
import org.springframework.security.authentication.AbstractAuthenticationToken;
import org.springframework.security.authentication.RememberMeAuthenticationToken;
import org.springframework.security.core.GrantedAuthority;

/**
 * Who a session stands for, proved by a login. The principal is a {@link FichaPrincipal} or what {@link FichaUsers} made of
 * it, the details are the {@link Session}. A session whose principal did not prove itself is a
 * {@link RememberMeAuthenticationToken} with the same.
 */
public final class FichaAuthentication extends AbstractAuthenticationToken {
    private static final long serialVersionUID = 1;
    private static final String REMEMBERED = "ficha";

    private final String name;
    private final transient Object principal;

    private FichaAuthentication(String name, Object principal, Collection<? extends GrantedAuthority> authorities) {
        super(authorities);
        this.name = name;
        this.principal = principal;
        setAuthenticated(true);
    }

    /** {@code session} null: the principal's own is another one. */
    static AbstractAuthenticationToken of(
            String name,
            Object principal,
            Collection<GrantedAuthority> authorities,
            Session session,
            boolean remembered) {
        AbstractAuthenticationToken authentication = remembered
                ? new Remembered(name, principal, authorities)
                : new FichaAuthentication(name, principal, authorities);
        authentication.setDetails(session);
        return authentication;
    }

    @Override
    public Object getPrincipal() {
        return principal;
    }

    /** The session's, whatever the application calls its user. */
    @Override
    public String getName() {
        return name;
    }

    /** None: what proved the principal's identity is not kept. */
    @Override
    public Object getCredentials() {
        return null;
    }

    private static final class Remembered extends RememberMeAuthenticationToken {
        private static final long serialVersionUID = 1;

        private final String name;

        Remembered(String name, Object principal, Collection<GrantedAuthority> authorities) {
            super(REMEMBERED, principal, authorities);
            this.name = name;
        }

        @Override
        public String getName() {
            return name;
        }
    }
}
