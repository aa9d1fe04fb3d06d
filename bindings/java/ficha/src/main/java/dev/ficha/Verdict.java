package dev.ficha;

import java.util.Locale;

/** What is to be done with a request. In the core's order. */
public enum Verdict {
    ALLOW,
    UNAUTHENTICATED,
    REAUTHENTICATE,
    FORBIDDEN,
    BAD_REQUEST,
    UNAVAILABLE,
    METHOD_NOT_ALLOWED,
    /** A CORS preflight that may go on: it is answered with the decision's status and headers, and no body. */
    PREFLIGHT;

    private static final Verdict[] VALUES = values();

    private final String text = name().toLowerCase(Locale.ROOT);

    static Verdict of(int index) {
        return VALUES[index];
    }

    /** The stable name, in snake_case. */
    @Override
    public String toString() {
        return text;
    }
}
