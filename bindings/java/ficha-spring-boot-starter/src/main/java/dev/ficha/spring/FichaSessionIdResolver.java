package dev.ficha.spring;

import dev.ficha.Carrier;
import dev.ficha.FichaClient;
import dev.ficha.Session;
import dev.ficha.internal.servlet.Responses;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.util.List;
import java.util.Optional;
import org.springframework.session.web.http.HttpSessionIdResolver;

/**
 * Between Spring Session and the token: ids are those of sessions that the decision on the request was made on, or of the
 * dead one that the client's cookie is of; the token goes out in the configured cookie. A client that came with a Bearer
 * token keeps no cookies, and gets none.
 */
final class FichaSessionIdResolver implements HttpSessionIdResolver {
    private static final String NO_SESSION = "none";

    private final FichaClient client;
    private final ExpiredSessions expired;

    /** {@code expired} null: without Spring Security. */
    FichaSessionIdResolver(FichaClient client, ExpiredSessions expired) {
        this.client = client;
        this.expired = expired;
    }

    @Override
    public List<String> resolveSessionIds(HttpServletRequest request) {
        RequestState state = RequestState.of(request);
        if (state == null) return List.of();
        if (state.admitted() != null) return List.of(state.admitted().id());
        if (state.deadId() == null) lookAtCookie(request, state);
        return state.deadId() == null ? List.of() : List.of(state.deadId());
    }

    // A cookie of a session that is not live: the client thinks that it has one.
    private void lookAtCookie(HttpServletRequest request, RequestState state) {
        if (isBearer(request) || state.cameWithSession()) return;
        Optional<String> token = state.credentials().cookieOf(Routed.received(request));
        if (token.isEmpty()) return;
        Optional<String> id = client.idOf(token.get());
        boolean isExpired = expired != null && id.isPresent() && expired.contain(id.get());
        state.dead(id.orElse(NO_SESSION), isExpired);
    }

    @Override
    public void setSessionId(HttpServletRequest request, HttpServletResponse response, String sessionId) {
        HttpSession current = request.getSession(false);
        if (current != null) sendDue(client, request, response, (FichaSession) current.getAttribute(FichaSession.SELF));
    }

    /** The cookie that became due with what was done to the session, if any did. */
    static void sendDue(
            FichaClient client, HttpServletRequest request, HttpServletResponse response, FichaSession session) {
        if (isBearer(request)) return;
        Session issued = session.takeIssued();
        RequestState state = RequestState.of(request);
        boolean ended = session.takeEnded() | (state != null && (state.takeEnded() | state.takeDeadCookie()));
        if (issued != null) Responses.setCookie(response, client.setCookie(issued));
        else if (ended) Responses.setCookie(response, client.clearCookie());
    }

    @Override
    public void expireSession(HttpServletRequest request, HttpServletResponse response) {
        if (!isBearer(request)) Responses.setCookie(response, client.clearCookie());
    }

    private static boolean isBearer(HttpServletRequest request) {
        RequestState state = RequestState.of(request);
        return state != null && state.carrier() == Carrier.BEARER;
    }
}
