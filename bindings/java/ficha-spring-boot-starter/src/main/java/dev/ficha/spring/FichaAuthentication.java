package dev.ficha.spring;

import dev.ficha.Session;
import java.util.Collection;
import org.springframework.security.authentication.AbstractAuthenticationToken;
import org.springframework.security.authentication.RememberMeAuthenticationToken;
import org.springframework.security.core.GrantedAuthority;

/**
 * Who a session stands for, proved by a login. The principal is a {@link FichaPrincipal}, the details are the
 * {@link Session}. A session whose principal did not prove itself is a {@link RememberMeAuthenticationToken} with the same.
 */
public final class FichaAuthentication extends AbstractAuthenticationToken {
    private static final long serialVersionUID = 1;
    private static final String REMEMBERED = "ficha";

    private final FichaPrincipal principal;

    private FichaAuthentication(FichaPrincipal principal, Collection<? extends GrantedAuthority> authorities) {
        super(authorities);
        this.principal = principal;
        setAuthenticated(true);
    }

    static AbstractAuthenticationToken of(
            String name,
            String sessionId,
            Collection<GrantedAuthority> authorities,
            Session session,
            boolean remembered) {
        var principal = new FichaPrincipal(name, sessionId, authorities);
        AbstractAuthenticationToken authentication = remembered
                ? new RememberMeAuthenticationToken(REMEMBERED, principal, authorities)
                : new FichaAuthentication(principal, authorities);
        authentication.setDetails(session);
        return authentication;
    }

    @Override
    public FichaPrincipal getPrincipal() {
        return principal;
    }

    /** None: what proved the principal's identity is not kept. */
    @Override
    public Object getCredentials() {
        return null;
    }
}
