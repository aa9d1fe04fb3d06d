package dev.ficha.spring;

import dev.ficha.FichaClient;
import dev.ficha.FichaException;
import dev.ficha.NewSession;
import dev.ficha.Patch;
import dev.ficha.Session;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.session.FindByIndexNameSessionRepository;
import org.springframework.session.events.SessionCreatedEvent;
import org.springframework.session.events.SessionDeletedEvent;

/**
 * Spring Session on Ficha. Sessions are known by their public ids; a token is seen by the client alone.
 *
 * <p>{@link #save} of a session that is gone throws {@link FichaException.SessionGone}, and never brings it back. Publishes
 * SessionCreatedEvent and SessionDeletedEvent for what this application does; Redis tells nobody of expiry. Usable from any
 * thread; every call may throw {@link FichaException.StoreException}.
 */
public final class FichaSessionRepository implements FindByIndexNameSessionRepository<FichaSession> {
    private final FichaClient client;
    private final AttributeMapper mapper;
    private final SpringValues springs;
    private final SecurityContexts contexts;
    private final ApplicationEventPublisher events;

    FichaSessionRepository(
            FichaClient client,
            AttributeMapper mapper,
            SpringValues springs,
            SecurityContexts contexts,
            ApplicationEventPublisher events) {
        this.client = client;
        this.mapper = mapper;
        this.springs = springs;
        this.contexts = contexts;
        this.events = events;
    }

    /** In memory: it is stored by {@link #save}, if something was put into it. */
    @Override
    public FichaSession createSession() {
        var session = new FichaSession(this, null);
        began(session);
        return session;
    }

    @Override
    public void save(FichaSession session) {
        session.save();
    }

    /** Within a request, the session that it was admitted with is known; any other is asked for, without extending it. */
    @Override
    public FichaSession findById(String id) {
        RequestState state = RequestState.current();
        if (state != null && state.admitted() != null && state.admitted().id().equals(id)) return state.session(this);
        if (state != null && state.isExpired(id)) return expired(state, id);
        return find(id).map(session -> new FichaSession(this, session)).orElse(null);
    }

    // For Spring Security to find, and to tell the client of it.
    private FichaSession expired(RequestState state, String id) {
        if (state.session() == null) state.began(FichaSession.expired(this, id));
        return state.session();
    }

    private Optional<Session> find(String id) {
        try {
            return client.find(id);
        } catch (FichaException.InvalidArgument e) {
            return Optional.empty(); // a provisional id, or none at all
        }
    }

    /** Ends the session for every service. */
    @Override
    public void deleteById(String id) {
        FichaSession session = findById(id);
        if (session == null) return;
        client.revoke(id);
        String waiting = Switched.of(session.stored().orElse(null)).session();
        if (!waiting.isEmpty()) client.revoke(waiting);
        RequestState state = RequestState.current();
        if (state != null) state.ended(id);
        events.publishEvent(new SessionDeletedEvent(this, session));
    }

    /** By principal only: {@link #PRINCIPAL_NAME_INDEX_NAME}. */
    @Override
    public Map<String, FichaSession> findByIndexNameAndIndexValue(String indexName, String indexValue) {
        var found = new LinkedHashMap<String, FichaSession>();
        if (!indexName.equals(PRINCIPAL_NAME_INDEX_NAME) || indexValue == null || indexValue.isEmpty()) return found;
        for (Session session : client.list(indexValue)) found.put(session.id(), new FichaSession(this, session));
        return found;
    }

    // --- for FichaSession ------------------------------------------------------------------------------------------

    Attributes newAttributes() {
        return new Attributes(mapper, springs);
    }

    SecurityContexts contexts() {
        return contexts;
    }

    /** Whether a session that is stored now can become the client's. */
    boolean mayIssue() {
        RequestState state = RequestState.current();
        return state != null && !state.isCommitted() && !state.hasFailed();
    }

    /** What a session to be has from the request, and from setMaxInactiveInterval. */
    void complete(NewSession session, Duration idleTimeout) {
        if (idleTimeout != null) session.idleTimeout(idleTimeout);
        RequestState state = RequestState.current();
        if (state == null) return;
        checkCookieGoesAlong();
        session.device(state.address(), state.userAgent());
    }

    private static void checkCookieGoesAlong() {
        RequestState state = RequestState.current();
        if (state != null && state.isCommitted()) {
            throw new IllegalStateException(
                    "a session gets no new token after the response has been committed: no cookie can go along");
        }
    }

    void began(FichaSession session) {
        RequestState state = RequestState.current();
        if (state != null) state.began(session);
    }

    Session create(NewSession session) {
        return created(client.create(session));
    }

    /**
     * No event where there is a current one: to listeners, it goes on under another id. What Spring keeps of an anonymous one
     * goes along, as the store holds it when that ends.
     */
    Session login(Session current, NewSession session) {
        session.keepProtected(SpringValues.APART);
        Session issued = client.login(current == null ? null : current.id(), session, true);
        return current == null ? created(issued) : issued;
    }

    private Session created(Session session) {
        events.publishEvent(new SessionCreatedEvent(this, new FichaSession(this, session)));
        return session;
    }

    Session rotate(String id) {
        checkCookieGoesAlong();
        return client.rotate(id, Duration.ZERO);
    }

    void revoke(String id) {
        client.revoke(id);
    }

    void patch(String id, Patch patch) {
        client.patch(id, patch);
    }
}
