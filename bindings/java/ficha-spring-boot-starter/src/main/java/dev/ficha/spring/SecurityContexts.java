package dev.ficha.spring;

import dev.ficha.Session;
import java.util.Optional;

/** What Spring Security keeps in a session, if it is there, and what the session says instead. */
interface SecurityContexts {
    /** The attribute of HttpSessionSecurityContextRepository, which Spring Security uses unless told otherwise. */
    String ATTRIBUTE = "SPRING_SECURITY_CONTEXT";

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
}
