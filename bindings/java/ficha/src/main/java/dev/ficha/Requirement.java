package dev.ficha;

import dev.ficha.internal.Native;
import java.time.Duration;
import java.util.Collection;
import java.util.List;

/**
 * What a route or handler asks of a session: any one of {@code roles}, all of {@code scopes}, at least {@code level}, and a
 * proof of identity no older than {@code maxAuthAge} (null: any). {@code fresh} asks Redis, not the near cache.
 *
 * <p>Errors, of every way to make one: InvalidArgument for what would ask for less than it seems to: empty names, a level or
 * an age out of range, roles of a requirement that lets anyone pass.
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
        Answer.flag(Native.checkRequirement(packed(allow, roles, scopes, level, maxAuthAge, fresh), true));
    }

    /** A session with a principal, whoever it is. */
    public static Requirement authenticated() {
        return new Requirement(Allow.AUTHENTICATED, List.of(), List.of(), 0, null, false);
    }

    /** Errors: InvalidArgument without any. */
    public static Requirement roles(String... anyOf) {
        return builder().roles(anyOf).build();
    }

    /** Errors: InvalidArgument without any. */
    public static Requirement scopes(String... allOf) {
        return builder().scopes(allOf).build();
    }

    /** Of a session with a principal; build() is InvalidArgument if nothing is asked of it. */
    public static Builder builder() {
        return new Builder();
    }

    byte[] packed() {
        return packed(allow, roles, scopes, level, maxAuthAge, fresh);
    }

    private static byte[] packed(
            Allow allow,
            Collection<String> roles,
            Collection<String> scopes,
            int level,
            Duration maxAuthAge,
            boolean fresh) {
        return Operation.packed(packer -> {
            packer.put(allow.ordinal())
                    .put(roles, "roles")
                    .put(scopes, "scopes")
                    .putInt(level);
            NewSession.packSeconds(packer, maxAuthAge);
            packer.put(fresh);
        });
    }

    private static FichaException invalid(String what) {
        return new FichaException.InvalidArgument("requirement: " + what);
    }

    /** Not for several threads at once. */
    public static final class Builder {
        private Collection<String> roles = List.of();
        private Collection<String> scopes = List.of();
        private int level;
        private Duration maxAuthAge;
        private boolean fresh;

        private Builder() {}

        /** One of them is needed. Errors: InvalidArgument without any. */
        public Builder roles(String... anyOf) {
            if (anyOf.length == 0) throw invalid("no role is named");
            roles = List.of(anyOf);
            return this;
        }

        /** All of them are needed. Errors: InvalidArgument without any. */
        public Builder scopes(String... allOf) {
            if (allOf.length == 0) throw invalid("no scope is named");
            scopes = List.of(allOf);
            return this;
        }

        public Builder level(int least) {
            level = least;
            return this;
        }

        /** Errors: InvalidArgument for null. */
        public Builder maxAuthAge(Duration age) {
            if (age == null) throw invalid("maxAuthAge is null: leave it out, or say how old a proof may be");
            maxAuthAge = age;
            return this;
        }

        public Builder fresh() {
            fresh = true;
            return this;
        }

        public Requirement build() {
            Answer.flag(Native.checkRequirement(
                    packed(Allow.AUTHENTICATED, roles, scopes, level, maxAuthAge, fresh), false));
            return new Requirement(Allow.AUTHENTICATED, roles, scopes, level, maxAuthAge, fresh);
        }
    }
}
