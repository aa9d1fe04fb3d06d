package dev.ficha.spring;

import dev.ficha.FichaClient;
import dev.ficha.NewSession;
import dev.ficha.Session;
import java.time.Duration;

/**
 * Which sessions Spring Security's concurrency control has ended, so that their clients hear of it (expiredUrl), whichever
 * instance they ask. Each leaves a session of a principal that nobody is, under a token that nobody has.
 */
final class ExpiredSessions {
    private static final String PRINCIPAL = "spring.expired/";
    private static final Duration LONGEST = Duration.ofHours(12);

    private final FichaClient client;

    ExpiredSessions(FichaClient client) {
        this.client = client;
    }

    /** Ends the session for every service. Known for as long as it could have been idle. */
    void expire(Session session) {
        client.revoke(session.id());
        Duration idle = session.idleTimeout();
        client.create(NewSession.of(PRINCIPAL + session.id())
                .authenticated(false)
                .idleTimeout(Duration.ZERO)
                .absoluteTimeout(idle.isZero() || idle.compareTo(LONGEST) > 0 ? LONGEST : idle));
    }

    boolean contain(String id) {
        return !client.list(PRINCIPAL + id).isEmpty();
    }
}
