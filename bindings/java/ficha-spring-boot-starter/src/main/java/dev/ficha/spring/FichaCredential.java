package dev.ficha.spring;

import dev.ficha.Session;
import dev.ficha.internal.servlet.Credentials;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Map;
import java.util.Optional;

/**
 * The credential of a request, which handlers do not see among its cookies and fields: what frameworks copy of a request
 * must not hold it. A parameter of handlers, and {@link #of}.
 */
public final class FichaCredential {
    private final RequestState state;
    private final Credentials credentials;
    private final HttpServletRequest received;

    private FichaCredential(RequestState state, HttpServletRequest request) {
        this.state = state;
        credentials = state.credentials();
        received = Routed.received(request);
    }

    /** Errors: IllegalStateException for a request that no {@link FichaFilter} has let through. */
    public static FichaCredential of(HttpServletRequest request) {
        RequestState state = RequestState.of(request);
        if (state == null) throw new IllegalStateException("no FichaFilter has let this request through");
        return new FichaCredential(state, request);
    }

    /**
     * The header field, name and value, for a call to another Ficha service on behalf of this request; after a login in this
     * request, of the new session. Empty where there is no session. For nothing else, and nowhere to be kept.
     */
    public Optional<Map.Entry<String, String>> forward() {
        Optional<Session> now = state.sessionNow();
        if (now.isEmpty()) return Optional.empty();
        Optional<String> token = now.get().token().or(this::presented);
        return token.map(secret -> Map.entry(Credentials.AUTHORIZATION, Credentials.bearer(secret)));
    }

    private Optional<String> presented() {
        return credentials.tokenOf(received, state.carrier());
    }

    /** Not the credential. */
    @Override
    public String toString() {
        return "FichaCredential";
    }
}
