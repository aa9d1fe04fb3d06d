package dev.ficha.spring;

import dev.ficha.Carrier;
import dev.ficha.Decision;
import dev.ficha.HttpRequest;
import dev.ficha.Session;
import dev.ficha.internal.servlet.Credentials;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What {@link FichaFilter} learnt of a request. An attribute of it, and known to the thread that works on it, for
 * {@link FichaSessionRepository} is not told which request it is asked for.
 */
final class RequestState {
    private static final String ATTRIBUTE = RequestState.class.getName();
    private static final ThreadLocal<RequestState> CURRENT = new ThreadLocal<>();

    /** A request as it was judged, and what came of it. */
    record Judged(HttpRequest request, Routed routed, Decision decision) {}

    private final List<Routed> routes = new ArrayList<>(1);
    private final Carrier carrier;
    private final Credentials credentials;
    private final HttpServletResponse response;
    private final String address;
    private final String userAgent;
    private Judged judged;
    private final boolean cameWithSession;
    private Session admitted;
    private FichaSession session;
    private boolean ended;
    private boolean failed;
    private String deadId;
    private boolean expired;
    private boolean deadCookieStands = true;

    RequestState(Judged judged, Credentials credentials, HttpServletRequest request, HttpServletResponse response) {
        judged(judged);
        carrier = judged.decision.carrier();
        this.credentials = credentials;
        this.response = response;
        address = request.getRemoteAddr();
        String agent = request.getHeader("User-Agent");
        userAgent = agent == null ? "" : agent;
        admitted = judged.decision.session().orElse(null);
        cameWithSession = admitted != null;
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

    /** The newest: where a request is routed again, it is judged again. */
    Decision decision() {
        return judged.decision;
    }

    /** Where the request's own credential is. */
    Carrier carrier() {
        return carrier;
    }

    Credentials credentials() {
        return credentials;
    }

    Judged judged() {
        return judged;
    }

    /** Judged again, and allowed. */
    void judged(Judged again) {
        judged = again;
        routes.add(again.routed);
    }

    boolean isJudged(Routed routed) {
        return routes.contains(routed);
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

    /** A handler ended with an exception: what is only asked about after that makes no session. */
    void failed() {
        failed = true;
    }

    boolean hasFailed() {
        return failed;
    }

    /** The session that the request came with, unless the request has ended it; null: none. */
    Session admitted() {
        return admitted;
    }

    /** Whether it was live when the request came. */
    boolean cameWithSession() {
        return cameWithSession;
    }

    /** The id of the session that the request's cookie is of, and which is not live; null: there is no such cookie. */
    String deadId() {
        return deadId;
    }

    /** {@code expired}: by concurrency control. */
    void dead(String id, boolean isExpired) {
        deadId = id;
        expired = isExpired;
    }

    /** Whether the client has a cookie that leads nowhere, once, and unless it got another. */
    boolean takeDeadCookie() {
        boolean due = deadId != null && deadCookieStands;
        deadCookieStands = false;
        return due;
    }

    boolean isExpired(String id) {
        return expired && id.equals(deadId);
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

    /** The session that the client has by now, stored; with its token, if this request brought it about. */
    Optional<Session> sessionNow() {
        return session == null ? Optional.ofNullable(admitted) : session.stored();
    }

    void ended(String id) {
        if (id.equals(deadId)) expired = false; // the client has been told
        boolean cameWithIt = admitted != null && admitted.id().equals(id);
        if (!cameWithIt && (session == null || !session.currentId().equals(id))) return;
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
