package dev.ficha.servlet;

import dev.ficha.FichaException;
import dev.ficha.NewSession;
import dev.ficha.Patch;
import dev.ficha.Session;
import jakarta.servlet.ServletContext;
import jakarta.servlet.http.HttpSession;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.Enumeration;
import java.util.LinkedHashMap;
import java.util.Map;

/** HttpSession on the shared session: attributes are JSON, and what changed is written in one round trip. */
final class SharedSession implements HttpSession {
    private final SharedRequest request;
    private final Instant createdAt = Instant.now();
    private final boolean isNew;
    private Session stored;
    private Map<String, Object> attributes;
    private Integer idleSeconds;
    private boolean valid = true;

    /** {@code stored} null: a new session, stored when something is put into it or its id is asked for. */
    SharedSession(SharedRequest request, Session stored) {
        this.request = request;
        this.stored = stored;
        isNew = stored == null;
    }

    Session stored() {
        return stored;
    }

    boolean isValid() {
        return valid;
    }

    private void check() {
        if (!valid) throw new IllegalStateException("the session was invalidated");
    }

    // --- what is stored ----------------------------------------------------------------------------------------------

    private Map<String, Object> attributes() {
        check();
        if (attributes == null) {
            attributes = stored == null ? new LinkedHashMap<>() : new LinkedHashMap<>(stored.attributes());
        }
        return attributes;
    }

    void save() {
        if (stored == null) {
            if (!attributes().isEmpty()) store();
            return;
        }
        Patch patch = attributes == null ? Patch.create() : Patch.difference(stored.attributesJson(), attributes);
        if (idleSeconds != null) patch.idleTimeout(Duration.ofSeconds(idleSeconds));
        if (patch.isEmpty()) return;
        request.client().patch(stored.id(), patch);
        adopt(request.client().find(stored.id()).orElse(stored));
    }

    private void store() {
        checkCookieGoesAlong();
        NewSession session = completed(NewSession.anonymous());
        attributes().forEach(session::attribute);
        issue(request.client().create(session));
    }

    private NewSession completed(NewSession session) {
        if (idleSeconds != null) session.idleTimeout(Duration.ofSeconds(idleSeconds));
        String agent = request.getHeader("User-Agent");
        return session.device(request.getRemoteAddr(), agent == null ? "" : agent);
    }

    private void checkCookieGoesAlong() {
        if (request.isTooLate()) {
            throw new IllegalStateException(
                    "a session gets no token after the response has been committed: no cookie can go along");
        }
    }

    private void issue(Session issued) {
        adopt(issued);
        request.issued(issued);
    }

    private void adopt(Session session) {
        stored = session;
        attributes = null;
        idleSeconds = null;
    }

    void login(NewSession session) {
        checkCookieGoesAlong();
        save();
        issue(request.client().login(stored == null ? null : stored.id(), completed(session), true));
    }

    String changeId() {
        check();
        checkCookieGoesAlong();
        save();
        if (stored == null) store();
        else issue(request.client().rotate(stored.id(), Duration.ZERO));
        return stored.id();
    }

    @Override
    public void invalidate() {
        check();
        valid = false;
        if (stored == null) return;
        request.client().revoke(stored.id());
        request.ended();
    }

    // --- HttpSession -------------------------------------------------------------------------------------------------

    @Override
    public String getId() {
        check();
        if (stored == null) store();
        return stored.id();
    }

    @Override
    public Object getAttribute(String name) {
        return attributes().get(name);
    }

    @Override
    public Enumeration<String> getAttributeNames() {
        return Collections.enumeration(attributes().keySet());
    }

    /** Errors: IllegalArgumentException for a value that JSON does not have. */
    @Override
    public void setAttribute(String name, Object value) {
        if (value == null) {
            removeAttribute(name);
            return;
        }
        try {
            Patch.create().set(name, value);
        } catch (FichaException.InvalidArgument e) {
            throw new IllegalArgumentException("session " + e.getMessage(), e);
        }
        attributes().put(name, value);
    }

    @Override
    public void removeAttribute(String name) {
        attributes().remove(name);
    }

    @Override
    public boolean isNew() {
        check();
        return isNew;
    }

    @Override
    public long getCreationTime() {
        check();
        return (stored == null ? createdAt : stored.createdAt()).toEpochMilli();
    }

    @Override
    public long getLastAccessedTime() {
        check();
        if (stored == null || stored.idleTimeout().isZero()) return getCreationTime();
        return stored.idleDeadline().minus(stored.idleTimeout()).toEpochMilli();
    }

    /** Zero and less: the session ends by its absolute timeout only. */
    @Override
    public void setMaxInactiveInterval(int interval) {
        check();
        idleSeconds = Math.max(0, interval);
    }

    @Override
    public int getMaxInactiveInterval() {
        if (idleSeconds != null) return idleSeconds;
        return stored == null ? 0 : (int) stored.idleTimeout().toSeconds();
    }

    @Override
    public ServletContext getServletContext() {
        return request.getServletContext();
    }

    /** Its id; neither token nor attributes. */
    @Override
    public String toString() {
        return "SharedSession[" + (stored == null ? "" : stored.id()) + "]";
    }
}
