package dev.ficha.spring;

import dev.ficha.Session;
import java.util.Map;
import java.util.Optional;

/** What Spring Security keeps in a session, if it is there, and what the session says instead. */
interface SecurityContexts {
    /** The attribute of HttpSessionSecurityContextRepository, which Spring Security uses unless told otherwise. */
    String ATTRIBUTE = "SPRING_SECURITY_CONTEXT";

    /**
     * The protected attribute for what is neither principal nor role nor scope: {@code authorities}, a list of names;
     * {@code factors}, the time of each in milliseconds; {@code switched}, see {@link #SWITCHED}.
     */
    String DETAILS = "spring.authentication";

    /**
     * Within DETAILS, of whoever acts as the session's principal: {@code session}, the id of the session to go back to;
     * {@code principal}, {@code roles}, {@code scopes}, {@code details} of it; {@code authority}, which says so to Spring;
     * {@code remembered}, whether that session was a remembered one.
     */
    String SWITCHED = "switched";

    /** For applications without Spring Security. */
    SecurityContexts NONE = new SecurityContexts() {
        @Override
        public Object read(Session session) {
            return null;
        }

        @Override
        public Optional<Identity> identify(Object context) {
            throw new IllegalArgumentException(ATTRIBUTE + " is the name of Spring Security's own attribute");
        }
    };

    /** The security context of a session; null for an anonymous one. */
    Object read(Session session);

    /** Whom a context stands for; empty: nobody. */
    Optional<Identity> identify(Object context);

    /** What {@link #DETAILS} says of who acts as the session's principal; empty: nobody does. */
    static Map<?, ?> switched(Session session) {
        Object details = session.protectedAttribute(DETAILS);
        return details instanceof Map<?, ?> map && map.get(SWITCHED) instanceof Map<?, ?> switched
                ? switched
                : Map.of();
    }
}
