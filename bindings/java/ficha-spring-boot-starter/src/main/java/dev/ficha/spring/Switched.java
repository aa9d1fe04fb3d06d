package dev.ficha.spring;

import dev.ficha.Session;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Where a session leads back to whose principal somebody else acts as (Spring Security's switch user).
 *
 * @param session the id of the session that waits; "" = there is none
 * @param idleSeconds its idle timeout, when it does not wait
 */
record Switched(String session, long idleSeconds) {
    static final Switched NOWHERE = new Switched("", 0);

    private static final String SESSION = "session";
    private static final String IDLE = "idle";

    static Switched of(Session session) {
        if (session == null) return NOWHERE;
        Map<?, ?> switched = SecurityContexts.switched(session);
        if (!(switched.get(SESSION) instanceof String id)) return NOWHERE;
        return new Switched(id, switched.get(IDLE) instanceof Number idle ? idle.longValue() : 0);
    }

    boolean isActive() {
        return !session.isEmpty();
    }

    boolean leadsTo(Identity identity) {
        return isActive() && session.equals(identity.sessionId());
    }

    /** The same details, leading back here; details of nobody who acts as somebody else are what they are. */
    Map<String, Object> in(Map<String, Object> details) {
        var all = new LinkedHashMap<>(details);
        if (!(details.get(SecurityContexts.SWITCHED) instanceof Map<?, ?> described)) return all;
        var switched = new LinkedHashMap<Object, Object>(described);
        switched.put(SESSION, session);
        switched.put(IDLE, idleSeconds);
        all.put(SecurityContexts.SWITCHED, switched);
        return all;
    }
}
