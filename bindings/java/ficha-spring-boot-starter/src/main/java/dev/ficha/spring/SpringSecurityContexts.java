package dev.ficha.spring;

import dev.ficha.Session;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.springframework.security.authentication.AuthenticationTrustResolver;
import org.springframework.security.authentication.AuthenticationTrustResolverImpl;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.GrantedAuthority;
import org.springframework.security.core.authority.FactorGrantedAuthority;
import org.springframework.security.core.authority.SimpleGrantedAuthority;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.core.context.SecurityContextImpl;
import org.springframework.security.web.authentication.switchuser.SwitchUserGrantedAuthority;

/**
 * Roles are authorities ROLE_x, scopes SCOPE_x. Other authorities, those of them whose names no role or scope can have, factors with the time of each, and who acts as somebody
 * else lie in a protected attribute, which nothing else writes.
 */
final class SpringSecurityContexts implements SecurityContexts {
    private static final String ROLE = "ROLE_";
    private static final String SCOPE = "SCOPE_";
    private static final String AUTHORITIES = "authorities";
    private static final String FACTORS = "factors";
    private static final String PRINCIPAL = "principal";
    private static final String ROLES = "roles";
    private static final String SCOPES = "scopes";
    private static final String LOGIN = "login";

    private final AuthenticationTrustResolver trust = new AuthenticationTrustResolverImpl();
    private final KeptLogins logins;
    private final FichaUsers users;

    /** {@code users} null: principals are {@link FichaPrincipal}s. */
    SpringSecurityContexts(KeptLogins logins, FichaUsers users) {
        this.logins = logins;
        this.users = users;
    }

    // --- what a session says ---------------------------------------------------------------------------------------

    @Override
    public SecurityContext read(Session session) {
        if (session.isAnonymous()) return null;
        Map<?, ?> details = map(session.protectedAttribute(DETAILS));
        Map<?, ?> switched = map(details.get(SWITCHED));
        List<GrantedAuthority> authorities = authorities(session.roles(), session.scopes(), details);
        boolean remembered = session.authenticatedAt().isEmpty();
        if (!switched.isEmpty()) {
            remembered = Boolean.TRUE.equals(switched.get("remembered"));
            authorities.add(
                    new SwitchUserGrantedAuthority(text(switched.get("authority")), actor(switched, remembered)));
        }
        Authentication kept = switched.isEmpty() && !remembered ? logins.read(details.get(LOGIN)) : null;
        if (kept != null && kept.getName().equals(session.principal())) {
            return new SecurityContextImpl(KeptLogins.of(kept, authorities, session));
        }
        var principal = new FichaPrincipal(session.principal(), session.id(), authorities);
        Object user = users == null ? principal : users.of(principal);
        if (user == null) return null;
        return new SecurityContextImpl(
                FichaAuthentication.of(session.principal(), user, authorities, session, remembered));
    }

    private static Authentication actor(Map<?, ?> switched, boolean remembered) {
        List<GrantedAuthority> authorities =
                authorities(texts(switched.get(ROLES)), texts(switched.get(SCOPES)), map(switched.get("details")));
        String name = text(switched.get(PRINCIPAL));
        var principal = new FichaPrincipal(name, text(switched.get("session")), authorities);
        return FichaAuthentication.of(name, principal, authorities, null, remembered);
    }

    private static List<GrantedAuthority> authorities(List<String> roles, List<String> scopes, Map<?, ?> details) {
        var authorities = new ArrayList<GrantedAuthority>();
        roles.forEach(role -> authorities.add(new SimpleGrantedAuthority(ROLE + role)));
        scopes.forEach(scope -> authorities.add(new SimpleGrantedAuthority(SCOPE + scope)));
        for (String other : Texts.unpacked(details.get(AUTHORITIES))) {
            // Roles and scopes that have fields of their own come from those alone.
            if (!isField(other, ROLE) && !isField(other, SCOPE)) authorities.add(new SimpleGrantedAuthority(other));
        }
        map(details.get(FACTORS)).forEach((name, provenAt) -> {
            if (provenAt instanceof Number time) authorities.add(factor(text(name), time.longValue()));
        });
        return authorities;
    }

    // Whether it is one of the session's roles or scopes, as far as those can have such names.
    private static boolean isField(String authority, String prefix) {
        return authority.startsWith(prefix) && Texts.isItem(authority.substring(prefix.length()));
    }

    private static GrantedAuthority factor(String name, long milliseconds) {
        return FactorGrantedAuthority.withAuthority(name)
                .issuedAt(Instant.ofEpochMilli(milliseconds))
                .build();
    }

    private static Map<?, ?> map(Object value) {
        return value instanceof Map<?, ?> map ? map : Map.of();
    }

    private static List<String> texts(Object value) {
        return value instanceof List<?> list
                ? list.stream().map(String::valueOf).toList()
                : List.of();
    }

    private static String text(Object value) {
        return value == null ? "" : value.toString();
    }

    // --- what is to become a session's -----------------------------------------------------------------------------

    @Override
    public Optional<Identity> identify(Object value) {
        Authentication authentication = ((SecurityContext) value).getAuthentication();
        if (authentication == null || !authentication.isAuthenticated() || trust.isAnonymous(authentication)) {
            return Optional.empty();
        }
        Parts parts = Parts.of(authentication.getAuthorities());
        Map<String, Object> details = parts.details();
        logins.write(authentication).ifPresent(login -> details.put(LOGIN, login));
        Identity.Actor actor = null;
        if (parts.switched != null) {
            Authentication source = parts.switched.getSource();
            actor = new Identity.Actor(source.getName(), sessionOf(source));
            details.put(SWITCHED, described(parts.switched));
        }
        boolean proven =
                sessionOf(authentication).isEmpty() && !trust.isRememberMe(authentication) && parts.switched == null;
        return Optional.of(new Identity(
                authentication.getName(),
                parts.roles,
                parts.scopes,
                details,
                proven,
                sessionOf(authentication),
                actor));
    }

    private Map<String, Object> described(SwitchUserGrantedAuthority switched) {
        Authentication source = switched.getSource();
        Parts parts = Parts.of(source.getAuthorities());
        var described = new LinkedHashMap<String, Object>();
        described.put("session", sessionOf(source));
        described.put(PRINCIPAL, source.getName());
        described.put(ROLES, parts.roles);
        described.put(SCOPES, parts.scopes);
        described.put("details", parts.details());
        described.put("authority", switched.getAuthority());
        described.put("remembered", trust.isRememberMe(source));
        return described;
    }

    private static String sessionOf(Authentication authentication) {
        if (authentication.getPrincipal() instanceof FichaPrincipal principal) return principal.getSessionId();
        return authentication.getDetails() instanceof Session session ? session.id() : "";
    }

    /** Authorities by what they are. */
    private static final class Parts {
        private final List<String> roles = new ArrayList<>();
        private final List<String> scopes = new ArrayList<>();
        private final List<String> others = new ArrayList<>();
        private final Map<String, Long> factors = new LinkedHashMap<>();
        private SwitchUserGrantedAuthority switched;

        static Parts of(Collection<? extends GrantedAuthority> authorities) {
            var parts = new Parts();
            authorities.forEach(parts::add);
            return parts;
        }

        private void add(GrantedAuthority granted) {
            String name = granted.getAuthority();
            if (granted instanceof SwitchUserGrantedAuthority acting) switched = acting;
            else if (name == null) return;
            else if (granted instanceof FactorGrantedAuthority factor)
                factors.merge(name, factor.getIssuedAt().toEpochMilli(), Math::max);
            else if (isField(name, ROLE)) roles.add(name.substring(ROLE.length()));
            else if (isField(name, SCOPE)) scopes.add(name.substring(SCOPE.length()));
            else others.add(name);
        }

        Map<String, Object> details() {
            var details = new LinkedHashMap<String, Object>();
            if (!others.isEmpty()) details.put(AUTHORITIES, Texts.packed(others));
            if (!factors.isEmpty()) details.put(FACTORS, factors);
            return details;
        }
    }
}
