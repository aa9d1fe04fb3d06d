package dev.ficha.spring;

import dev.ficha.Session;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.springframework.security.authentication.AuthenticationTrustResolver;
import org.springframework.security.authentication.AuthenticationTrustResolverImpl;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.GrantedAuthority;
import org.springframework.security.core.authority.FactorGrantedAuthority;
import org.springframework.security.core.authority.SimpleGrantedAuthority;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.core.context.SecurityContextImpl;

/** Roles are authorities ROLE_x, scopes SCOPE_x, and others stay what they are. */
final class SpringSecurityContexts implements SecurityContexts {
    private static final String ROLE = "ROLE_";
    private static final String SCOPE = "SCOPE_";
    private static final String FACTOR = "FACTOR_";
    /** The attribute for authorities that are neither role nor scope. */
    static final String AUTHORITIES = "spring.authorities";

    private final AuthenticationTrustResolver trust = new AuthenticationTrustResolverImpl();

    @Override
    public SecurityContext read(Session session) {
        if (session.isAnonymous()) return null;
        return new SecurityContextImpl(new FichaAuthentication(session, authorities(session)));
    }

    private static List<GrantedAuthority> authorities(Session session) {
        var authorities = new ArrayList<GrantedAuthority>();
        session.roles().forEach(role -> authorities.add(new SimpleGrantedAuthority(ROLE + role)));
        session.scopes().forEach(scope -> authorities.add(new SimpleGrantedAuthority(SCOPE + scope)));
        if (session.attribute(AUTHORITIES) instanceof List<?> others) {
            others.forEach(other -> authorities.add(authority(String.valueOf(other), session)));
        }
        return authorities;
    }

    private static GrantedAuthority authority(String name, Session session) {
        if (!name.startsWith(FACTOR)) return new SimpleGrantedAuthority(name);
        Instant provenAt = session.authenticatedAt().orElse(Instant.EPOCH);
        return FactorGrantedAuthority.withAuthority(name).issuedAt(provenAt).build();
    }

    @Override
    public Optional<Identity> identify(Object value) {
        Authentication authentication = ((SecurityContext) value).getAuthentication();
        if (authentication == null || !authentication.isAuthenticated() || trust.isAnonymous(authentication)) {
            return Optional.empty();
        }
        var roles = new ArrayList<String>();
        var scopes = new ArrayList<String>();
        var others = new ArrayList<String>();
        for (GrantedAuthority granted : authentication.getAuthorities()) {
            String name = granted.getAuthority();
            if (name == null) continue;
            if (name.startsWith(ROLE)) roles.add(name.substring(ROLE.length()));
            else if (name.startsWith(SCOPE)) scopes.add(name.substring(SCOPE.length()));
            else others.add(name);
        }
        boolean proven = !(authentication.getPrincipal() instanceof FichaPrincipal);
        return Optional.of(new Identity(authentication.getName(), roles, scopes, others, proven));
    }
}
