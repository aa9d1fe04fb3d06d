package dev.ficha;

import java.time.Duration;
import java.util.Collection;
import java.util.List;

/**
 * What a route or handler asks of a session: any one of {@code roles}, all of {@code scopes}, at least {@code level}, and a
 * proof of identity no older than {@code maxAuthAge} (null: any). {@code fresh} asks Redis, not the near cache.
 */
public record Requirement(
        Allow allow,
        Collection<String> roles,
        Collection<String> scopes,
        int level,
        Duration maxAuthAge,
        boolean fresh) {

    /** Who may pass at all; in the core's order. */
    public enum Allow {
        ANYONE,
        AUTHENTICATED,
        NOBODY
    }

    public Requirement {
        roles = List.copyOf(roles);
        scopes = List.copyOf(scopes);
    }

    public static Requirement authenticated() {
        return new Requirement(Allow.AUTHENTICATED, List.of(), List.of(), 0, null, false);
    }

    public static Requirement roles(String... anyOf) {
        return new Requirement(Allow.AUTHENTICATED, List.of(anyOf), List.of(), 0, null, false);
    }

    public static Requirement scopes(String... allOf) {
        return new Requirement(Allow.AUTHENTICATED, List.of(), List.of(allOf), 0, null, false);
    }

    byte[] packed() {
        return Operation.packed(packer -> {
            packer.put(allow.ordinal())
                    .put(roles, "roles")
                    .put(scopes, "scopes")
                    .putInt(level);
            NewSession.packSeconds(packer, maxAuthAge);
            packer.put(fresh);
        });
    }
}
