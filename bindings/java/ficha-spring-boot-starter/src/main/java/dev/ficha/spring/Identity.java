package dev.ficha.spring;

import java.util.List;

/**
 * Whom a session is to stand for. {@code authorities} are those that are neither role nor scope.
 *
 * @param proven the principal has proved itself now; false when what it may do was changed
 */
record Identity(String principal, List<String> roles, List<String> scopes, List<String> authorities, boolean proven) {
    Identity {
        roles = List.copyOf(roles);
        scopes = List.copyOf(scopes);
        authorities = List.copyOf(authorities);
    }
}
