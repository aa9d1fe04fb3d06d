package dev.ficha.spring;

import dev.ficha.Session;
import java.util.Collection;
import org.springframework.security.authentication.AbstractAuthenticationToken;
import org.springframework.security.core.GrantedAuthority;

/** Who a session stands for. The principal is a {@link FichaPrincipal}, the details are the {@link Session}. */
public final class FichaAuthentication extends AbstractAuthenticationToken {
    private static final long serialVersionUID = 1;

    private final FichaPrincipal principal;

    FichaAuthentication(Session session, Collection<? extends GrantedAuthority> authorities) {
        super(authorities);
        principal = new FichaPrincipal(session.principal(), session.id(), getAuthorities());
        setDetails(session);
        setAuthenticated(true);
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
