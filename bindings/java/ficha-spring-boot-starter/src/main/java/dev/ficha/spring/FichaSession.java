package dev.ficha.spring;

import dev.ficha.NewSession;
import dev.ficha.Patch;
import dev.ficha.Session;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.springframework.session.FindByIndexNameSessionRepository;
import org.springframework.session.MapSession;

/**
 * A session of this request: HttpSession is a view of it. Attributes that changed, nested changes included, are written by
 * {@link FichaSessionRepository#save} in one round trip; a new session is stored when something was put into it.
 *
 * <p>{@link #login}, {@link #logout} and {@link #changeSessionId} take effect at once, in every service; the cookie goes with
 * the response. Until a session is stored, its id is a provisional one. Not for several threads at once.
 */
public final class FichaSession implements org.springframework.session.Session {
    /** The attribute of HttpSession under which the session itself is found. */
    static final String SELF = FichaSession.class.getName();

    private static final String PRINCIPAL = FindByIndexNameSessionRepository.PRINCIPAL_NAME_INDEX_NAME;

    private final FichaSessionRepository repository;
    private final Instant createdAt = Instant.now();
    private Session stored;
    private Session issued;
    private String id;
    private boolean ended;
    private Instant lastAccessedAt;
    private Duration idleTimeout;
    // By their names in the store: the JSON there, what was made of it, and what is now; null = removed.
    private final Map<String, String> texts = new HashMap<>();
    private final Map<String, Object> read = new HashMap<>();
    private final Map<String, Object> values = new HashMap<>();
    private Object context;

    /** {@code stored} null: a new session. */
    FichaSession(FichaSessionRepository repository, Session stored) {
        this.repository = repository;
        this.stored = stored;
        id = stored == null ? provisionalId() : stored.id();
        if (stored != null) texts.putAll(stored.attributesJson());
    }

    private static String provisionalId() {
        return UUID.randomUUID().toString();
    }

    // --- identity --------------------------------------------------------------------------------------------------

    /** The session as it was read, or as it was written last; empty: it is not stored. Attributes as of then. */
    public Optional<Session> stored() {
        return Optional.ofNullable(stored);
    }

    /** Public: safe in logs. Changes when the session is stored for the first time, and with every new token. */
    @Override
    public String getId() {
        return id;
    }

    /** A new token and id at once; the old ones are dead. Errors: SessionGone, StoreException. */
    @Override
    public String changeSessionId() {
        if (stored == null) id = provisionalId();
        else adopt(repository.rotate(stored));
        return id;
    }

    /**
     * Makes this the session of a principal that has proved itself, under a new token. Attributes of an anonymous session
     * and of one of the same principal stay; those of another principal never do. {@code session} adds to them.
     * Errors: as {@code FichaClient.login}.
     */
    public void login(NewSession session) {
        boolean mine = stored == null || stored.isAnonymous();
        boolean again = stored != null && !mine && stored.principal().equals(session.principal());
        Map<String, String> all = changedTexts();
        Patch removals = Patch.create();
        values.forEach((name, value) -> {
            if (value == null && texts.containsKey(name)) removals.remove(name);
        });
        if (mine) {
            texts.forEach((name, json) -> {
                if (!values.containsKey(name)) all.putIfAbsent(name, json);
            });
        }
        repository.complete(session, idleTimeout);
        all.forEach(session::attributeJson);
        adopt(repository.login(stored, session));
        if (!mine && !again) {
            values.keySet().retainAll(all.keySet());
            read.clear();
        }
        texts.clear();
        texts.putAll(stored.attributesJson());
        if (again && !removals.isEmpty()) repository.patch(id, removals);
        written();
    }

    /** Ends the session in the store; this one goes on as a new, anonymous one. Errors: StoreException. */
    public void logout() {
        context = null;
        if (stored == null) return;
        repository.deleteById(id);
        repository.began(this);
        stored = null;
        issued = null;
        ended = true;
        id = provisionalId();
        texts.clear();
        read.clear();
        values.clear();
    }

    private void adopt(Session session) {
        stored = session;
        issued = session;
        id = session.id();
        ended = false;
        context = null;
    }

    private void identify(Identity identity) {
        if (stored != null && !identity.proven() && stored.principal().equals(identity.principal())) {
            repository.patch(id, Patch.create().roles(identity.roles()).scopes(identity.scopes()));
            setAuthorities(identity);
            return;
        }
        setAuthorities(identity);
        login(NewSession.of(identity.principal())
                .roles(identity.roles())
                .scopes(identity.scopes())
                .authenticated(identity.proven()));
    }

    private void setAuthorities(Identity identity) {
        values.put(
                SpringSecurityContexts.AUTHORITIES, identity.authorities().isEmpty() ? null : identity.authorities());
    }

    /** The session whose cookie is due, once; null: none is. */
    Session takeIssued() {
        Session due = issued;
        issued = null;
        return due;
    }

    /** Whether the cookie is to be cleared, once. */
    boolean takeEnded() {
        boolean due = ended;
        ended = false;
        return due;
    }

    // --- attributes ------------------------------------------------------------------------------------------------

    @Override
    @SuppressWarnings("unchecked") // the contract's: the caller knows what it stored
    public <T> T getAttribute(String attributeName) {
        if (attributeName.equals(SELF)) return (T) this;
        if (attributeName.equals(SecurityContexts.ATTRIBUTE)) return (T) context();
        if (attributeName.equals(PRINCIPAL)) return (T) principal();
        String name = repository.mapper().storedName(attributeName);
        if (values.containsKey(name)) return (T) values.get(name);
        String json = texts.get(name);
        if (json == null) return null;
        Object value = repository.mapper().read(name, json);
        read.put(name, value);
        values.put(name, value);
        return (T) value;
    }

    /** Of attributes that are in the session, and of the security context if there is a principal. */
    @Override
    public Set<String> getAttributeNames() {
        var names = new LinkedHashSet<>(texts.keySet());
        values.forEach((name, value) -> {
            if (value == null) names.remove(name);
            else names.add(name);
        });
        names.remove(SpringSecurityContexts.AUTHORITIES);
        if (principal() != null) names.add(PRINCIPAL);
        if (context() != null) names.add(SecurityContexts.ATTRIBUTE);
        return Collections.unmodifiableSet(names);
    }

    /**
     * Null removes. Setting Spring Security's context, or the principal's name by
     * {@link FindByIndexNameSessionRepository#PRINCIPAL_NAME_INDEX_NAME}, is {@link #login}; the name alone proves nothing, so
     * such a session counts as never authenticated. Errors: IllegalArgumentException for a value that would not be read as
     * what it is.
     */
    @Override
    public void setAttribute(String attributeName, Object attributeValue) {
        if (attributeValue == null) {
            removeAttribute(attributeName);
        } else if (attributeName.equals(SecurityContexts.ATTRIBUTE)) {
            setContext(attributeValue);
        } else if (attributeName.equals(PRINCIPAL)) {
            if (attributeValue.equals(principal())) return;
            login(NewSession.of(attributeValue.toString()).authenticated(false));
        } else {
            String name = repository.mapper().storedName(attributeName);
            repository.mapper().write(name, attributeValue);
            values.put(name, attributeValue);
        }
    }

    @Override
    public void removeAttribute(String attributeName) {
        if (attributeName.equals(SecurityContexts.ATTRIBUTE) || attributeName.equals(PRINCIPAL)) {
            if (principal() != null) logout();
            return;
        }
        values.put(repository.mapper().storedName(attributeName), null);
    }

    private String principal() {
        return stored == null || stored.isAnonymous() ? null : stored.principal();
    }

    private Object context() {
        if (context == null && principal() != null)
            context = repository.contexts().read(stored);
        return context;
    }

    private void setContext(Object value) {
        if (value == context) return;
        Optional<Identity> identity = repository.contexts().identify(value);
        if (identity.isEmpty()) {
            removeAttribute(SecurityContexts.ATTRIBUTE);
            return;
        }
        identify(identity.get());
        context = value;
    }

    // --- what save() writes ----------------------------------------------------------------------------------------

    private Map<String, String> changedTexts() {
        var changed = new HashMap<String, String>();
        values.forEach((name, value) -> {
            if (value == null || (value == read.get(name) && isImmutable(value))) return;
            String json = repository.mapper().write(name, value);
            String old = texts.get(name);
            if (old == null || !repository.mapper().isSame(json, old)) changed.put(name, json);
        });
        return changed;
    }

    private static boolean isImmutable(Object value) {
        return value instanceof String || value instanceof Number || value instanceof Boolean;
    }

    void save() {
        Map<String, String> changed = changedTexts();
        if (stored == null) {
            if (changed.isEmpty()) return;
            NewSession session = NewSession.anonymous();
            repository.complete(session, idleTimeout);
            changed.forEach(session::attributeJson);
            adopt(repository.create(session));
        } else {
            Patch patch = Patch.create();
            changed.forEach(patch::setJson);
            values.forEach((name, value) -> {
                if (value == null && texts.containsKey(name)) patch.remove(name);
            });
            if (idleTimeout != null) patch.idleTimeout(idleTimeout);
            if (patch.isEmpty()) return;
            repository.patch(id, patch);
        }
        texts.putAll(changed);
        written();
    }

    private void written() {
        idleTimeout = null;
        values.forEach((name, value) -> {
            if (value == null) {
                texts.remove(name);
                read.remove(name);
            } else {
                read.put(name, value);
            }
        });
    }

    // --- times -----------------------------------------------------------------------------------------------------

    @Override
    public Instant getCreationTime() {
        return stored == null ? createdAt : stored.createdAt();
    }

    /** Of this object only: reading a session has extended its idle timeout in the store already. */
    @Override
    public void setLastAccessedTime(Instant lastAccessedTime) {
        lastAccessedAt = lastAccessedTime;
    }

    @Override
    public Instant getLastAccessedTime() {
        if (lastAccessedAt != null) return lastAccessedAt;
        if (stored == null || stored.idleTimeout().isZero()) return getCreationTime();
        // Deadlines are rounded up.
        Instant latest = stored.idleDeadline().minus(stored.idleTimeout());
        Instant now = Instant.now();
        return latest.isAfter(now) ? now : latest;
    }

    /** Zero and less: the session has an absolute deadline only. */
    @Override
    public void setMaxInactiveInterval(Duration interval) {
        Duration wanted = interval.isNegative() ? Duration.ZERO : interval;
        idleTimeout = stored != null && stored.idleTimeout().equals(wanted) ? null : wanted;
    }

    /** Of a session that is not stored yet: Spring Session's default, unless it was set. */
    @Override
    public Duration getMaxInactiveInterval() {
        if (idleTimeout != null) return idleTimeout;
        return stored == null ? MapSession.DEFAULT_MAX_INACTIVE_INTERVAL : stored.idleTimeout();
    }

    @Override
    public boolean isExpired() {
        Instant now = Instant.now();
        if (stored != null && !stored.expiresAt().isAfter(now)) return true;
        Duration idle = getMaxInactiveInterval();
        return !idle.isZero() && !getLastAccessedTime().plus(idle).isAfter(now);
    }

    /** Its id; neither token nor attributes. */
    @Override
    public String toString() {
        return "FichaSession[" + id + "]";
    }
}
