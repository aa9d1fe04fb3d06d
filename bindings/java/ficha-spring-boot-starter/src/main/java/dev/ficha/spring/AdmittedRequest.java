package dev.ficha.spring;

import dev.ficha.Carrier;
import dev.ficha.Session;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import java.security.Principal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;

/**
 * A request as handlers see it: with the session's principal and roles; without the headers in which services forward
 * identity, whatever the client sent; and without the credential, which frameworks would copy into what they store.
 */
final class AdmittedRequest extends HttpServletRequestWrapper {
    private final Session session;
    private final Carrier carrier;
    private final Credentials credentials;
    private final boolean passesCredential;
    private final List<String> headerNames = new ArrayList<>();
    private final List<String> removed = new ArrayList<>();

    private AdmittedRequest(HttpServletRequest request, RequestState state, Judge judge) {
        super(request);
        session = state == null ? null : state.admitted();
        carrier = state == null ? Carrier.NONE : state.carrier();
        credentials = judge.credentials();
        passesCredential = judge.client().passesCredential();
        for (String name : Collections.list(request.getHeaderNames())) {
            if (judge.isIdentityHeader(name)) removed.add(name);
            else if (!isHidden(name) || !valuesOf(name).isEmpty()) headerNames.add(name);
        }
    }

    static HttpServletRequest of(HttpServletRequest request, RequestState state, Judge judge) {
        return new AdmittedRequest(request, state, judge);
    }

    private boolean isHidden(String name) {
        if (passesCredential) return false;
        return name.equalsIgnoreCase(Credentials.COOKIE) || name.equalsIgnoreCase(Credentials.AUTHORIZATION);
    }

    private List<String> valuesOf(String name) {
        Enumeration<String> sent = super.getHeaders(name);
        List<String> values = sent == null ? List.of() : Collections.list(sent);
        if (name.equalsIgnoreCase(Credentials.COOKIE)) return credentials.withoutCookie(values);
        return values.stream()
                .filter(value -> !Credentials.isOurs(value, carrier))
                .toList();
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
    public Cookie[] getCookies() {
        Cookie[] cookies = super.getCookies();
        return passesCredential ? cookies : credentials.withoutCookie(cookies);
    }

    @Override
    public String getHeader(String name) {
        if (name == null || isRemoved(name)) return null;
        if (!isHidden(name)) return super.getHeader(name);
        List<String> values = valuesOf(name);
        return values.isEmpty() ? null : values.get(0);
    }

    @Override
    public Enumeration<String> getHeaders(String name) {
        if (name == null || isRemoved(name)) return Collections.emptyEnumeration();
        return isHidden(name) ? Collections.enumeration(valuesOf(name)) : super.getHeaders(name);
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
