package dev.ficha.spring;

import dev.ficha.Carrier;
import dev.ficha.FichaClient;
import dev.ficha.Session;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.util.List;
import org.springframework.session.web.http.HttpSessionIdResolver;

/**
 * Between Spring Session and the token: ids are those of sessions that the decision on the request was made on, and the
 * token goes out in the configured cookie. A client that came with a Bearer token keeps no cookies, and gets none.
 */
final class FichaSessionIdResolver implements HttpSessionIdResolver {
    private final FichaClient client;

    FichaSessionIdResolver(FichaClient client) {
        this.client = client;
    }

    @Override
    public List<String> resolveSessionIds(HttpServletRequest request) {
        RequestState state = RequestState.of(request);
        Session admitted = state == null ? null : state.admitted();
        return admitted == null ? List.of() : List.of(admitted.id());
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
        boolean ended = session.takeEnded() | (state != null && state.takeEnded());
        if (issued != null) send(response, client.setCookie(issued));
        else if (ended) send(response, client.clearCookie());
    }

    @Override
    public void expireSession(HttpServletRequest request, HttpServletResponse response) {
        if (!isBearer(request)) send(response, client.clearCookie());
    }

    private static boolean isBearer(HttpServletRequest request) {
        RequestState state = RequestState.of(request);
        return state != null && state.carrier() == Carrier.BEARER;
    }

    private static void send(HttpServletResponse response, String cookie) {
        response.addHeader("Set-Cookie", cookie);
        response.setHeader("Cache-Control", "no-store");
    }
}
