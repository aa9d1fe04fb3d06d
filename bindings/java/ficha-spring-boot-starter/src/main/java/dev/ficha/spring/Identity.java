package dev.ficha.spring;

import java.util.List;
import java.util.Map;

/**
 * Whom a session is to stand for.
 *
 * @param details what Spring Security has to say beyond that, in the form of {@link SecurityContexts#DETAILS}
 * @param proven the principal has proved itself now; false when it was only remembered, or when what it may do was changed
 * @param sessionId the session that an authentication of ours was made of; "" = it is of another kind
 * @param switchedFrom who acts as this principal; null: nobody does
 */
record Identity(
        String principal,
        List<String> roles,
        List<String> scopes,
        Map<String, Object> details,
        boolean proven,
        String sessionId,
        Actor switchedFrom) {

    /** Whoever acts as somebody else: the name, and the session of an authentication of ours or "". */
    record Actor(String principal, String sessionId) {}

    Identity {
        roles = List.copyOf(roles);
        scopes = List.copyOf(scopes);
    }
}
