package dev.ficha.spring;

import dev.ficha.NewSession;
import dev.ficha.Session;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.springframework.session.MapSession;

/** When one session began and was used, and the idle timeout that it is to have. {@code stored} is null while it is not stored. */
final class SessionTimes {
    // When a session began that this application made, to the millisecond, and whatever logins it has seen.
    private static final String CREATED = "spring.created";
    private static final int TOUCH_STEPS = 16;

    private Instant createdAt = now();
    private Instant lastAccessedAt;
    private Duration idleTimeout;

    private static Instant now() {
        return Instant.now().truncatedTo(ChronoUnit.MILLIS);
    }

    void beginAnew() {
        createdAt = now();
    }

    /** The new session began when the one before it did. */
    void carryOver(Session stored) {
        createdAt = createdAt(stored);
    }

    void addTo(NewSession session) {
        session.protectedAttribute(CREATED, createdAt.toEpochMilli());
    }

    Instant createdAt(Session stored) {
        if (stored == null) return createdAt;
        Object milliseconds = stored.protectedAttribute(CREATED);
        return milliseconds instanceof Number time ? Instant.ofEpochMilli(time.longValue()) : stored.createdAt();
    }

    void accessed(Instant at) {
        lastAccessedAt = at;
    }

    Instant lastAccessedAt(Session stored) {
        if (lastAccessedAt != null) return lastAccessedAt;
        if (stored == null || stored.idleTimeout().isZero()) return createdAt(stored);
        // Deadlines are rounded up.
        Instant latest = stored.idleDeadline().minus(stored.idleTimeout());
        Instant now = Instant.now();
        return latest.isAfter(now) ? now : latest;
    }

    void wantIdleTimeout(Duration interval, Session stored) {
        Duration wanted = interval.isNegative() ? Duration.ZERO : interval;
        idleTimeout = stored != null && stored.idleTimeout().equals(wanted) ? null : wanted;
    }

    Duration idleTimeout(Session stored) {
        if (idleTimeout != null) return idleTimeout;
        return stored == null ? MapSession.DEFAULT_MAX_INACTIVE_INTERVAL : stored.idleTimeout();
    }

    /** The idle timeout to write: null, if what is stored is right and need not be extended. */
    Duration dueIdleTimeout() {
        return idleTimeout;
    }

    void extendIfDue(Session stored) {
        if (idleTimeout == null && isDueToBeTouched(stored)) idleTimeout = stored.idleTimeout();
    }

    void idleTimeoutWritten() {
        idleTimeout = null;
    }

    // A request has extended the session by coming with its token; messages of a WebSocket come without one.
    private boolean isDueToBeTouched(Session stored) {
        if (RequestState.current() != null
                || lastAccessedAt == null
                || stored.idleTimeout().isZero()) return false;
        Instant extendedAt = stored.idleDeadline().minus(stored.idleTimeout());
        return lastAccessedAt.isAfter(extendedAt.plus(stored.idleTimeout().dividedBy(TOUCH_STEPS)));
    }

    boolean isExpired(Session stored) {
        Instant now = Instant.now();
        if (stored != null && !stored.expiresAt().isAfter(now)) return true;
        Duration idle = idleTimeout(stored);
        return !idle.isZero() && !lastAccessedAt(stored).plus(idle).isAfter(now);
    }
}
