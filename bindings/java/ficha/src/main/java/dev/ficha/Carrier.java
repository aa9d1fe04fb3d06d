package dev.ficha;

import java.util.Locale;

/** Where the token came from. In the core's order. */
public enum Carrier {
    NONE,
    COOKIE,
    BEARER;

    private static final Carrier[] VALUES = values();

    private final String text = name().toLowerCase(Locale.ROOT);

    static Carrier of(int index) {
        return VALUES[index];
    }

    /** The stable name, in snake_case. */
    @Override
    public String toString() {
        return text;
    }
}
