package dev.ficha.spring;

import dev.ficha.Decision;
import dev.ficha.FichaClient;
import dev.ficha.HttpRequest;
import dev.ficha.Session;
import dev.ficha.internal.servlet.Credentials;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Optional;

/**
 * Has requests judged by what they are routed by, where they come in and wherever they are routed again: what is routed by
 * something else than was judged is judged once more, by both.
 */
final class Judge {
    private final FichaClient client;
    private final Credentials credentials;

    Judge(FichaClient client) {
        this.client = client;
        credentials = new Credentials(client);
    }

    FichaClient client() {
        return client;
    }

    Credentials credentials() {
        return credentials;
    }

    /** Of a request that was not judged yet. */
    RequestState.Judged judge(HttpServletRequest request) {
        return judged(request, Routed.of(request), null);
    }

    /** The decision on a request that was admitted, where it is routed again; empty: it was judged by that already. */
    Optional<Decision> judgeAgain(HttpServletRequest request, RequestState state) {
        Routed routed = Routed.of(request);
        if (state.isJudged(routed) || isView(request, routed)) return Optional.empty();
        if (isJudged(state.judged().request(), routed)) return Optional.empty();
        RequestState.Judged now = judged(request, routed, state);
        if (now.decision().allowed()) state.judged(now);
        return Optional.of(now.decision());
    }

    // Nobody can ask a container for these: a forward here comes from a handler that was judged, to its view.
    private static boolean isView(HttpServletRequest request, Routed routed) {
        DispatcherType type = request.getDispatcherType();
        if (type != DispatcherType.FORWARD && type != DispatcherType.INCLUDE) return false;
        return routed.decoded().startsWith("/WEB-INF/") || routed.decoded().startsWith("/META-INF/");
    }

    private boolean isJudged(HttpRequest judged, Routed routed) {
        boolean byTarget =
                routed.target().isEmpty() || client.isJudged(judged, routed.method(), routed.target(), false);
        return byTarget
                && (routed.decoded().isEmpty() || client.isJudged(judged, routed.method(), routed.decoded(), true));
    }

    // The peer is whom the connection is from, whatever a field says.
    private RequestState.Judged judged(HttpServletRequest request, Routed routed, RequestState state) {
        HttpServletRequest received = Routed.received(request);
        HttpRequest.Builder builder = HttpRequest.builder(received.getMethod(), target(received, request))
                .scheme(request.getScheme())
                .peer(received.getRemoteAddr())
                .prefix(request.getContextPath());
        if (state == null) Credentials.addFields(builder, received);
        else addFields(builder, received, state);
        addReadings(builder, received, routed);
        HttpRequest wanted = builder.build();
        return new RequestState.Judged(wanted, routed, client.authorize(wanted));
    }

    // getRequestURI() of the container's own request is the target as it was sent, undecoded (Servlet 6.1, section
    // 3.5.2). Where a proxy's prefix stands in the place of the context path, the container has taken its own off
    // before.
    private static String target(HttpServletRequest received, HttpServletRequest request) {
        String contextPath = received.getContextPath();
        String target = received.getRequestURI();
        if (contextPath.isEmpty() || contextPath.equals(request.getContextPath())) return target;
        return target.startsWith(contextPath + "/") ? target.substring(contextPath.length()) : target;
    }

    private static void addReadings(HttpRequest.Builder builder, HttpServletRequest received, Routed routed) {
        boolean sameMethod = routed.method().equals(received.getMethod());
        String raw = received.getRequestURI();
        if (!routed.target().isEmpty() && !(sameMethod && routed.target().equals(raw))) {
            builder.reading(routed.method(), routed.target(), false);
        }
        boolean plain = sameMethod && routed.decoded().equals(raw) && raw.indexOf('%') < 0;
        if (!routed.decoded().isEmpty() && !plain) builder.reading(routed.method(), routed.decoded(), true);
    }

    // --- after a login, a logout or a new token ----------------------------------------------------------------------

    // A request that is routed again after its session changed is judged as the client's next one will be.
    private void addFields(HttpRequest.Builder builder, HttpServletRequest received, RequestState state) {
        Optional<Session> first = state.judged().decision().session();
        Optional<Session> now = state.sessionNow();
        boolean same = first.map(Session::id).equals(now.map(Session::id));
        if (same || (now.isPresent() && now.get().token().isEmpty())) Credentials.addFields(builder, received);
        else
            credentials.addFields(
                    builder,
                    received,
                    state.carrier(),
                    now.flatMap(Session::token).orElse(null));
    }
}
