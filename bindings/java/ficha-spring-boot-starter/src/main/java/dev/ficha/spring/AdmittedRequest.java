package dev.ficha.spring;

import dev.ficha.FichaClient;
import dev.ficha.Session;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import java.security.Principal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;

/**
 * A request as handlers see it: with the session's principal and roles, and without the headers in which services forward
 * identity, whatever the client sent.
 */
final class AdmittedRequest extends HttpServletRequestWrapper {
    private final Session session;
    private final List<String> headerNames;
    private final List<String> removed;

    private AdmittedRequest(HttpServletRequest request, Session session, List<String> names, List<String> removed) {
        super(request);
        this.session = session;
        headerNames = names;
        this.removed = removed;
    }

    static HttpServletRequest of(HttpServletRequest request, RequestState state, FichaClient client) {
        var kept = new ArrayList<String>();
        var removed = new ArrayList<String>();
        for (String name : Collections.list(request.getHeaderNames())) {
            (client.isIdentityHeader(name) ? removed : kept).add(name);
        }
        Session session = state == null ? null : state.admitted();
        if (session == null && removed.isEmpty()) return request;
        return new AdmittedRequest(request, session, kept, removed);
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

    @Override
    public String getHeader(String name) {
        return isRemoved(name) ? null : super.getHeader(name);
    }

    @Override
    public Enumeration<String> getHeaders(String name) {
        return isRemoved(name) ? Collections.emptyEnumeration() : super.getHeaders(name);
    }

    @Override
    public Enumeration<String> getHeaderNames() {
        return Collections.enumeration(headerNames);
    }

    @Override
    public int getIntHeader(String name) {
        return isRemoved(name) ? -1 : super.getIntHeader(name);
    }

    @Override
    public long getDateHeader(String name) {
        return isRemoved(name) ? -1 : super.getDateHeader(name);
    }

    private boolean isRemoved(String name) {
        for (String header : removed) {
            if (header.equalsIgnoreCase(name)) return true;
        }
        return false;
    }
}
