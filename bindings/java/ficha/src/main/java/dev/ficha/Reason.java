package dev.ficha;

import java.util.Locale;

/** Why a request got its verdict. For logs and tests, never for clients. In the core's order. */
public enum Reason {
    ALLOWED,
    ALLOWED_ANONYMOUS,
    NO_CREDENTIAL,
    SESSION_NOT_LIVE,
    MALFORMED_TOKEN,
    AMBIGUOUS_COOKIE,
    TWO_CREDENTIALS,
    TWO_AUTHORIZATIONS,
    MALFORMED_BEARER,
    AMBIGUOUS_PATH,
    NO_RULE,
    METHOD_NOT_ALLOWED,
    NOBODY,
    ANONYMOUS_SESSION,
    MISSING_ROLE,
    MISSING_SCOPE,
    LEVEL_TOO_LOW,
    AUTHENTICATION_TOO_OLD,
    CSRF_NO_PROOF,
    CSRF_FOREIGN_ORIGIN,
    CSRF_BAD_TOKEN,
    STORE_UNAVAILABLE,
    AMBIGUOUS_METHOD,
    AMBIGUOUS_AUTHORITY,
    AMBIGUOUS_DESTINATION,
    PREFIX_NOT_CONFIGURED,
    TOO_MANY_READINGS,
    CORS_PREFLIGHT,
    CORS_REFUSED;

    private static final Reason[] VALUES = values();

    private final String text = name().toLowerCase(Locale.ROOT);

    static Reason of(int index) {
        return VALUES[index];
    }

    /** The stable name, in snake_case. */
    @Override
    public String toString() {
        return text;
    }
}
