package dev.ficha.spring;

import dev.ficha.Decision;
import dev.ficha.Session;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;

/**
 * What {@link FichaFilter} learnt of a request. An attribute of it, and known to the thread that works on it, for
 * {@link FichaSessionRepository} is not told which request it is asked for.
 */
final class RequestState {
    private static final String ATTRIBUTE = RequestState.class.getName();
    private static final ThreadLocal<RequestState> CURRENT = new ThreadLocal<>();

    private final Decision decision;
    private final HttpServletResponse response;
    private final String address;
    private final String userAgent;
    private Session admitted;
    private FichaSession session;
    private boolean ended;

    RequestState(Decision decision, HttpServletRequest request, HttpServletResponse response) {
        this.decision = decision;
        this.response = response;
        address = request.getRemoteAddr();
        String agent = request.getHeader("User-Agent");
        userAgent = agent == null ? "" : agent;
        admitted = decision.session().orElse(null);
        request.setAttribute(ATTRIBUTE, this);
    }

    /** Null for a request that the filter has not seen. */
    static RequestState of(ServletRequest request) {
        return (RequestState) request.getAttribute(ATTRIBUTE);
    }

    /** Null outside of a request's own thread. */
    static RequestState current() {
        return CURRENT.get();
    }

    static void enter(RequestState state) {
        if (state != null) CURRENT.set(state);
    }

    static void leave() {
        CURRENT.remove();
    }

    Decision decision() {
        return decision;
    }

    String address() {
        return address;
    }

    String userAgent() {
        return userAgent;
    }

    /** A cookie for a new session would come too late. */
    boolean isCommitted() {
        return response.isCommitted();
    }

    /** The session that the request came with, unless the request has ended it; null: none. */
    Session admitted() {
        return admitted;
    }

    /** The same, as Spring Session sees it. */
    FichaSession session(FichaSessionRepository repository) {
        if (session == null) session = new FichaSession(repository, admitted);
        return session;
    }

    /** The session of a request that has none, or none any more. */
    void began(FichaSession begun) {
        if (admitted == null) session = begun;
    }

    /** The session that the request has by now, if anything asked for it; null: none. */
    FichaSession session() {
        return session;
    }

    void ended(String id) {
        boolean cameWithIt = admitted != null && admitted.id().equals(id);
        if (!cameWithIt && (session == null || !session.getId().equals(id))) return;
        admitted = null;
        session = null;
        ended = true;
    }

    /** Whether the cookie that the request came with is one of a session that it has ended, once. */
    boolean takeEnded() {
        boolean due = ended;
        ended = false;
        return due;
    }
}
