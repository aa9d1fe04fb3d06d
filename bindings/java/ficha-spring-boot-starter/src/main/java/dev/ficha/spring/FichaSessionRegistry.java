package dev.ficha.spring;

import dev.ficha.FichaClient;
import dev.ficha.FichaException;
import dev.ficha.Session;
import java.security.Principal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import org.springframework.security.core.AuthenticatedPrincipal;
import org.springframework.security.core.session.SessionInformation;
import org.springframework.security.core.session.SessionRegistry;
import org.springframework.security.core.userdetails.UserDetails;

/**
 * For Spring Security's concurrency control ({@code maximumSessions}): the principal's sessions are those of the store,
 * whichever service they began at, and one that is expired is revoked, for every service at once. There is nothing to
 * register and nothing to remove: sessions are listed by the store itself.
 */
public final class FichaSessionRegistry implements SessionRegistry {
    private final FichaClient client;
    private final ExpiredSessions expired;

    FichaSessionRegistry(FichaClient client, ExpiredSessions expired) {
        this.client = client;
        this.expired = expired;
    }

    /** Not supported: the store lists the sessions of a principal, not all principals. */
    @Override
    public List<Object> getAllPrincipals() {
        throw new UnsupportedOperationException("the store lists the sessions of a principal, not all principals");
    }

    /** Live sessions, oldest first; there are no others. */
    @Override
    public List<SessionInformation> getAllSessions(Object principal, boolean includeExpiredSessions) {
        var sessions = new ArrayList<SessionInformation>(); // which the caller sorts
        for (Session session : client.list(nameOf(principal)))
            sessions.add(new Information(expired, principal, session));
        return sessions;
    }

    /** Null for a session that is not live, unless it was expired here. */
    @Override
    public SessionInformation getSessionInformation(String sessionId) {
        RequestState state = RequestState.current();
        if (state != null && state.isExpired(sessionId)) {
            var information = new SessionInformation("", sessionId, new Date());
            information.expireNow();
            return information;
        }
        Session admitted = state == null ? null : state.admitted();
        Optional<Session> session =
                admitted != null && admitted.id().equals(sessionId) ? Optional.of(admitted) : find(sessionId);
        return session.filter(each -> !each.isAnonymous())
                .map(each -> new Information(expired, each.principal(), each))
                .orElse(null);
    }

    private Optional<Session> find(String id) {
        try {
            return client.find(id);
        } catch (FichaException.InvalidArgument e) {
            return Optional.empty(); // a provisional id
        }
    }

    @Override
    public void refreshLastRequest(String sessionId) {
        // Reading the session has extended it.
    }

    @Override
    public void registerNewSession(String sessionId, Object principal) {
        // The session's login has listed it.
    }

    @Override
    public void removeSessionInformation(String sessionId) {
        // The session's end removes it.
    }

    private static String nameOf(Object principal) {
        if (principal instanceof UserDetails user) return user.getUsername();
        if (principal instanceof AuthenticatedPrincipal authenticated) return authenticated.getName();
        if (principal instanceof Principal named) return named.getName();
        return principal.toString();
    }

    private static final class Information extends SessionInformation {
        private static final long serialVersionUID = 1;

        private final transient ExpiredSessions expired;
        private final transient Session session;

        Information(ExpiredSessions expired, Object principal, Session session) {
            super(principal, session.id(), Date.from(lastUseOf(session)));
            this.expired = expired;
            this.session = session;
        }

        private static Instant lastUseOf(Session session) {
            if (session.idleTimeout().isZero()) return session.createdAt();
            return session.idleDeadline().minus(session.idleTimeout());
        }

        @Override
        public void expireNow() {
            expired.expire(session);
            super.expireNow();
        }
    }
}
