package dev.ficha.spring;

import dev.ficha.FichaException;
import dev.ficha.NewSession;
import dev.ficha.Patch;
import dev.ficha.Session;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.springframework.session.FindByIndexNameSessionRepository;

/**
 * A session of this request: HttpSession is a view of it. Attributes that changed, nested changes included, are written by
 * {@link FichaSessionRepository#save} in one round trip; a new session is stored when something was put
 * into it, or its id was asked for.
 *
 * <p>{@link #login}, {@link #logout} and {@link #changeSessionId} take effect at once, in every service; the cookie goes with
 * the response. Not for several threads at once.
 */
public final class FichaSession implements org.springframework.session.Session {
    /** The attribute of HttpSession under which the session itself is found. */
    static final String SELF = FichaSession.class.getName();

    private static final String PRINCIPAL = FindByIndexNameSessionRepository.PRINCIPAL_NAME_INDEX_NAME;

    private final FichaSessionRepository repository;
    private Session stored;
    private Session issued;
    private String id;
    private boolean ended;
    private boolean provisional = true;
    private final SessionTimes times = new SessionTimes();
    private final Attributes attributes;
    private Object context;

    /** {@code stored} null: a new session. */
    FichaSession(FichaSessionRepository repository, Session stored) {
        this.repository = repository;
        this.stored = stored;
        id = stored == null ? provisionalId() : stored.id();
        attributes = repository.newAttributes();
        if (stored != null) attributes.stored(stored);
    }

    /** One that was ended by somebody else: nothing is in it, and the cookie is to be cleared. */
    static FichaSession expired(FichaSessionRepository repository, String id) {
        var session = new FichaSession(repository, null);
        session.id = id;
        session.ended = true;
        session.provisional = false;
        return session;
    }

    private static String provisionalId() {
        return UUID.randomUUID().toString();
    }

    // --- identity --------------------------------------------------------------------------------------------------

    /** The session as it was read, or as it was written last; empty: it is not stored. Attributes as of then. */
    public Optional<Session> stored() {
        return Optional.ofNullable(stored);
    }

    /**
     * Public: safe in logs. Changes with every new token. Of a new session it is final as well: whoever asks for it has the
     * session stored, until the response is on its way. Errors: StoreException.
     */
    @Override
    public String getId() {
        if (stored == null && provisional && repository.mayIssue()) store();
        return id;
    }

    /** The same, without consequences: of a session that is not stored, a provisional one. */
    String currentId() {
        return id;
    }

    /** A new token and id at once; the old ones are dead. Errors: SessionGone, StoreException. */
    @Override
    public String changeSessionId() {
        if (stored == null) id = provisionalId();
        else adopt(repository.rotate(stored.id()));
        return getId();
    }

    /**
     * Makes this the session of a principal that has proved itself, under a new token. Attributes of an anonymous session
     * and of one of the same principal stay; those of another principal never do. {@code session} adds to them.
     * Errors: as {@code FichaClient.login}.
     */
    public void login(NewSession session) {
        login(session, Map.of(), stored);
    }

    // What was carried over from the store is as this request wants it before anybody has the new token.
    private Attributes.Changes patchRest() {
        Patch rest = Patch.create();
        attributes.addRemovalsAndBagsTo(rest);
        if (rest.isEmpty()) return Attributes.Changes.NONE;
        repository.patch(id, rest);
        return attributes.changes();
    }

    // `current` (null: none) is revoked.
    private void login(NewSession session, Map<String, Object> details, Session current) {
        boolean isNew = stored == null;
        boolean anonymous = isNew || stored.isAnonymous();
        boolean again = current != null && !anonymous && current.principal().equals(session.principal());
        String parked = Switched.of(stored).session();
        if (!anonymous && !again) times.beginAnew();
        else times.carryOver(stored);
        times.addTo(session);
        Attributes.Changes changes = attributes.changes();
        if (isNew) attributes.addBagsTo(session);
        attributes.addTo(session, changes);
        if (again || !details.isEmpty()) session.protectedAttribute(SecurityContexts.DETAILS, details);
        repository.complete(session, times.dueIdleTimeout());
        adopt(repository.login(current, session));
        times.idleTimeoutWritten();
        if (!anonymous && !again) attributes.forget();
        attributes.carriedOver(stored, changes);
        attributes.written(isNew ? Attributes.Changes.NONE : patchRest());
        if (!parked.isEmpty() && !parked.equals(Switched.of(stored).session())) repository.revoke(parked);
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
        provisional = true;
        times.beginAnew();
        attributes.forget();
    }

    private void adopt(Session session) {
        stored = session;
        issued = session;
        id = session.id();
        ended = false;
        context = null;
    }

    private void identify(Identity identity) {
        Switched switched = Switched.of(stored);
        boolean same = principal() != null && principal().equals(identity.principal());
        if (identity.switchedFrom() == null && switched.leadsTo(identity)) {
            goBack(switched);
        } else if (same && !identity.proven() && (identity.switchedFrom() == null || switched.isActive())) {
            Patch patch = Patch.create().roles(identity.roles()).scopes(identity.scopes());
            repository.patch(id, patch.setProtected(SecurityContexts.DETAILS, switched.in(identity.details())));
        } else if (identity.switchedFrom() != null) {
            switchTo(identity, switched);
        } else {
            login(newSession(identity), identity.details(), stored);
        }
    }

    private static NewSession newSession(Identity identity) {
        return NewSession.of(identity.principal())
                .roles(identity.roles())
                .scopes(identity.scopes())
                .authenticated(identity.proven());
    }

    // The session of whoever acts as somebody else waits under an id alone, its token known to nobody, and without idle
    // timeout: it ends by its deadline or a revocation, and can then not be gone back to.
    private void switchTo(Identity identity, Switched switched) {
        Session current = stored;
        Switched next = switched;
        if (!switched.isActive()
                || !switched.session().equals(identity.switchedFrom().sessionId())) {
            boolean own = identity.switchedFrom().principal().equals(principal());
            next = own ? park() : Switched.NOWHERE;
            if (own) current = null;
        }
        attributes.forget();
        login(newSession(identity), next.in(identity.details()), current);
    }

    private Switched park() {
        Duration idle = stored.idleTimeout();
        adopt(repository.rotate(stored.id()));
        repository.patch(id, Patch.create().idleTimeout(Duration.ZERO));
        return new Switched(id, idle.toSeconds());
    }

    private void goBack(Switched switched) {
        String acting = id;
        try {
            adopt(repository.rotate(switched.session()));
        } catch (FichaException.SessionGone e) {
            logout();
            return;
        }
        attributes.forget();
        attributes.stored(stored);
        repository.patch(id, Patch.create().idleTimeout(Duration.ofSeconds(switched.idleSeconds())));
        repository.revoke(acting);
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
        return (T) attributes.get(attributeName);
    }

    /** Of attributes that are in the session, and of the security context if there is a principal. */
    @Override
    public Set<String> getAttributeNames() {
        Set<String> names = attributes.names();
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
            attributes.set(attributeName, attributeValue);
        }
    }

    @Override
    public void removeAttribute(String attributeName) {
        if (attributeName.equals(SecurityContexts.ATTRIBUTE) || attributeName.equals(PRINCIPAL)) {
            if (principal() != null) logout();
            return;
        }
        attributes.remove(attributeName);
    }

    /**
     * A bag: an attribute that holds values by keys which clients may choose. The name of an attribute is never theirs to
     * choose. Unmodifiable; changed by {@link #put} and {@link #take}. Errors: IllegalArgumentException where the attribute
     * is something else.
     */
    public Map<String, Object> bag(String name) {
        return attributes.bag(name);
    }

    /** Sets one key of a bag; others that are set meanwhile, by whichever service, stay. At most 256, of 256 bytes each. */
    public void put(String bag, String key, Object value) {
        attributes.put(bag, key, Objects.requireNonNull(value, "value"));
    }

    /** Removes one key of a bag; nothing happens if it is not there. */
    public void take(String bag, String key) {
        attributes.put(bag, key, null);
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

    void save() {
        provisional = false; // what asks from now on is Spring Session itself, for the cookie
        if (stored == null) {
            Attributes.Changes changes = attributes.changes();
            if (attributes.isChanged(changes)) store(changes);
            return;
        }
        Patch patch = Patch.create();
        Attributes.Changes changes = attributes.changes();
        attributes.addTo(patch, changes);
        times.extendIfDue(stored);
        if (times.dueIdleTimeout() != null) patch.idleTimeout(times.dueIdleTimeout());
        if (patch.isEmpty()) return;
        repository.patch(id, patch);
        times.idleTimeoutWritten();
        attributes.written(changes);
    }

    private void store() {
        store(attributes.changes());
    }

    private void store(Attributes.Changes changes) {
        NewSession session = NewSession.anonymous();
        repository.complete(session, times.dueIdleTimeout());
        times.addTo(session);
        attributes.addBagsTo(session);
        attributes.addTo(session, changes);
        adopt(repository.create(session));
        times.idleTimeoutWritten();
        attributes.written(changes);
    }

    // --- times -----------------------------------------------------------------------------------------------------

    @Override
    public Instant getCreationTime() {
        return times.createdAt(stored);
    }

    /**
     * In a request of this object only, which has extended the session in the store already. Elsewhere, {@link
     * FichaSessionRepository#save} extends it.
     */
    @Override
    public void setLastAccessedTime(Instant lastAccessedTime) {
        times.accessed(lastAccessedTime);
    }

    @Override
    public Instant getLastAccessedTime() {
        return times.lastAccessedAt(stored);
    }

    /** Zero and less: the session has an absolute deadline only. */
    @Override
    public void setMaxInactiveInterval(Duration interval) {
        times.wantIdleTimeout(interval, stored);
    }

    /** Of a session that is not stored yet: Spring Session's default, unless it was set. */
    @Override
    public Duration getMaxInactiveInterval() {
        return times.idleTimeout(stored);
    }

    @Override
    public boolean isExpired() {
        return times.isExpired(stored);
    }

    /** Its id; neither token nor attributes. */
    @Override
    public String toString() {
        return "FichaSession[" + id + "]";
    }
}
