package dev.ficha.internal.servlet;

import dev.ficha.Carrier;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;

/**
 * A request as handlers see it: without the headers in which services forward identity, whatever the client sent; and
 * without the credential, which frameworks would copy into what they store, unless {@code [trust] pass_credential} leaves it.
 */
public abstract class HandlerRequest extends HttpServletRequestWrapper {
    private final Credentials credentials;
    private final Carrier carrier;

    protected HandlerRequest(HttpServletRequest request, Credentials credentials, Carrier carrier) {
        super(request);
        this.credentials = credentials;
        this.carrier = carrier;
    }

    private List<String> visible(String name) {
        return credentials.without(name, super.getHeaders(name), carrier);
    }

    private boolean isRemoved(String name) {
        return name == null || credentials.isIdentityHeader(name);
    }

    @Override
    public Cookie[] getCookies() {
        return credentials.seen(super.getCookies());
    }

    @Override
    public String getHeader(String name) {
        if (isRemoved(name)) return null;
        if (!credentials.isHidden(name)) return super.getHeader(name);
        List<String> values = visible(name);
        return values.isEmpty() ? null : values.get(0);
    }

    @Override
    public Enumeration<String> getHeaders(String name) {
        if (isRemoved(name)) return Collections.emptyEnumeration();
        return credentials.isHidden(name) ? Collections.enumeration(visible(name)) : super.getHeaders(name);
    }

    @Override
    public Enumeration<String> getHeaderNames() {
        List<String> names = Collections.list(super.getHeaderNames());
        names.removeIf(name ->
                isRemoved(name) || (credentials.isHidden(name) && visible(name).isEmpty()));
        return Collections.enumeration(names);
    }

    // Of the fields that the credential is in, a container's error would quote all of one.

    @Override
    public int getIntHeader(String name) {
        if (isRemoved(name)) return -1;
        if (!credentials.isHidden(name)) return super.getIntHeader(name);
        String value = getHeader(name);
        return value == null ? -1 : Integer.parseInt(value);
    }

    @Override
    public long getDateHeader(String name) {
        if (isRemoved(name)) return -1;
        if (!credentials.isHidden(name)) return super.getDateHeader(name);
        if (getHeader(name) == null) return -1;
        throw new IllegalArgumentException(name + " is no date");
    }
}
