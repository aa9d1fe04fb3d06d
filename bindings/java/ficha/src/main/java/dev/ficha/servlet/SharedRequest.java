package dev.ficha.servlet;

import dev.ficha.Carrier;
import dev.ficha.Decision;
import dev.ficha.FichaClient;
import dev.ficha.HttpRequest;
import dev.ficha.Session;
import dev.ficha.internal.servlet.Credentials;
import dev.ficha.internal.servlet.HandlerRequest;
import dev.ficha.internal.servlet.Responses;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.security.Principal;
import java.util.Optional;

/** A request that was admitted, with the shared session as its own, and without the credential. */
final class SharedRequest extends HandlerRequest {
    private static final String ATTRIBUTE = SharedRequest.class.getName();
    private static final String NO_SESSION = "none";

    private final HttpServletResponse response;
    private final FichaClient client;
    private final Credentials credentials;
    private final Decision decision;
    private final String requestedId;
    private SharedSession session;
    private Optional<Session> issued; // null: the request's own credential holds

    SharedRequest(
            HttpServletRequest request,
            HttpServletResponse response,
            FichaClient client,
            Credentials credentials,
            Decision decision) {
        super(request, credentials, decision.carrier());
        this.response = response;
        this.client = client;
        this.credentials = credentials;
        this.decision = decision;
        requestedId = decision.session().map(Session::id).orElseGet(() -> credentials
                .cookieOf(request)
                .map(dead -> client.idOf(dead).orElse(NO_SESSION))
                .orElse(null));
        decision.session().ifPresent(stored -> session = new SharedSession(this, stored));
        request.setAttribute(ATTRIBUTE, this);
    }

    static boolean isShared(ServletRequest request) {
        return request.getAttribute(ATTRIBUTE) != null;
    }

    /** Errors: IllegalStateException for a request that no filter has let through. */
    static SharedRequest of(ServletRequest request) {
        var shared = (SharedRequest) request.getAttribute(ATTRIBUTE);
        if (shared == null) throw new IllegalStateException("no FichaFilter has let this request through");
        return shared;
    }

    FichaClient client() {
        return client;
    }

    Decision decision() {
        return decision;
    }

    // --- the session ---------------------------------------------------------------------------------------------

    SharedSession session(boolean create) {
        if (session != null && !session.isValid()) session = null;
        if (session == null && create) session = new SharedSession(this, null);
        return session;
    }

    /** The cookie of a session that was stored just now. A client that came with a Bearer token keeps no cookies. */
    void issued(Session issued) {
        this.issued = Optional.of(issued);
        if (decision.carrier() != Carrier.BEARER) Responses.setCookie(response, client.setCookie(issued));
    }

    void ended() {
        issued = Optional.empty();
        if (decision.carrier() != Carrier.BEARER) Responses.setCookie(response, client.clearCookie());
    }

    /** The fields of the request as it came, with the credential that the client's next one will have. */
    void addFields(HttpRequest.Builder builder) {
        var received = (HttpServletRequest) getRequest();
        if (issued == null) Credentials.addFields(builder, received);
        else
            credentials.addFields(
                    builder,
                    received,
                    decision.carrier(),
                    issued.flatMap(Session::token).orElse(null));
    }

    boolean isTooLate() {
        return response.isCommitted();
    }

    void save() {
        if (session != null && session.isValid()) session.save();
    }

    void saveWhenComplete() {
        save();
        getAsyncContext().addListener(new AsyncListener() {
            @Override
            public void onComplete(AsyncEvent event) {
                save();
            }

            @Override
            public void onTimeout(AsyncEvent event) {}

            @Override
            public void onError(AsyncEvent event) {}

            @Override
            public void onStartAsync(AsyncEvent event) {
                event.getAsyncContext().addListener(this);
            }
        });
    }

    @Override
    public HttpSession getSession(boolean create) {
        return session(create);
    }

    @Override
    public HttpSession getSession() {
        return session(true);
    }

    @Override
    public String changeSessionId() {
        SharedSession current = session(false);
        if (current == null) throw new IllegalStateException("there is no session");
        return current.changeId();
    }

    @Override
    public String getRequestedSessionId() {
        return requestedId;
    }

    @Override
    public boolean isRequestedSessionIdValid() {
        return decision.session().isPresent() && session(false) != null;
    }

    @Override
    public boolean isRequestedSessionIdFromCookie() {
        return requestedId != null && decision.carrier() != Carrier.BEARER;
    }

    @Override
    public boolean isRequestedSessionIdFromURL() {
        return false;
    }

    // --- who -------------------------------------------------------------------------------------------------------

    private Session identity() {
        SharedSession current = session(false);
        Session stored = current == null ? null : current.stored();
        return stored == null || stored.isAnonymous() ? null : stored;
    }

    @Override
    public Principal getUserPrincipal() {
        Session who = identity();
        return who == null ? super.getUserPrincipal() : who::principal;
    }

    @Override
    public String getRemoteUser() {
        Session who = identity();
        return who == null ? super.getRemoteUser() : who.principal();
    }

    @Override
    public boolean isUserInRole(String role) {
        Session who = identity();
        return who == null ? super.isUserInRole(role) : who.hasRole(role);
    }
}
