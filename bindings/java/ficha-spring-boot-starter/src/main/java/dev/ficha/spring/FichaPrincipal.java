package dev.ficha.spring;

import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.springframework.security.core.AuthenticatedPrincipal;
import org.springframework.security.core.GrantedAuthority;
import org.springframework.security.core.userdetails.UserDetails;

/** The principal of a session, whichever service it logged in at. Equal by name. */
public final class FichaPrincipal implements UserDetails, AuthenticatedPrincipal {
    private static final long serialVersionUID = 1;

    private final String name;
    private final String sessionId;

    @SuppressWarnings("serial") // what List.copyOf() makes is serializable
    private final Collection<GrantedAuthority> authorities;

    FichaPrincipal(String name, String sessionId, Collection<GrantedAuthority> authorities) {
        this.name = name;
        this.sessionId = sessionId;
        this.authorities = List.copyOf(authorities);
    }

    @Override
    public String getName() {
        return name;
    }

    @Override
    public String getUsername() {
        return name;
    }

    /** None: a session knows no password. */
    @Override
    public String getPassword() {
        return null;
    }

    /** The public id: safe in logs. */
    public String getSessionId() {
        return sessionId;
    }

    @Override
    public Collection<GrantedAuthority> getAuthorities() {
        return authorities;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof FichaPrincipal principal && principal.name.equals(name);
    }

    @Override
    public int hashCode() {
        return Objects.hashCode(name);
    }

    @Override
    public String toString() {
        return "FichaPrincipal[" + name + "]";
    }
}
