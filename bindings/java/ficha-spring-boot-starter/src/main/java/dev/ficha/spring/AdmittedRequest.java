package dev.ficha.spring;

import dev.ficha.Carrier;
import dev.ficha.Session;
import dev.ficha.internal.servlet.HandlerRequest;
import jakarta.servlet.http.HttpServletRequest;
import java.security.Principal;

/** A request as handlers see it, with the principal and the roles of its session. */
final class AdmittedRequest extends HandlerRequest {
    private final Session session;

    /** {@code state} null: of an error page, for a request that was refused. */
    AdmittedRequest(HttpServletRequest request, RequestState state, Judge judge) {
        super(request, judge.credentials(), state == null ? Carrier.NONE : state.carrier());
        session = state == null ? null : state.admitted();
    }

    @Override
    public Principal getUserPrincipal() {
        if (session == null || session.isAnonymous()) return super.getUserPrincipal();
        return session::principal;
    }

    @Override
    public String getRemoteUser() {
        Principal principal = getUserPrincipal();
        return principal == null ? null : principal.getName();
    }

    @Override
    public boolean isUserInRole(String role) {
        return session == null ? super.isUserInRole(role) : session.hasRole(role);
    }
}
