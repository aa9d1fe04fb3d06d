package dev.ficha;

import dev.ficha.internal.Unpacker;
import java.util.OptionalLong;

/** A cookie that a response sets, for a host to hand to its framework, or to write as a field. Always HttpOnly. */
public final class ResponseCookie {
    /** In the core's order. */
    public enum SameSite {
        STRICT("Strict"),
        LAX("Lax"),
        NONE("None");

        private static final SameSite[] VALUES = values();

        private final String text;

        SameSite(String text) {
            this.text = text;
        }

        /** As the attribute says it. */
        @Override
        public String toString() {
            return text;
        }
    }

    private final String name;
    private final String value;
    private final String path;
    private final String domain;
    private final OptionalLong maxAge;
    private final SameSite sameSite;
    private final boolean secure;
    private final String field;

    // Layout: Answer::cookie in facade.hpp.
    ResponseCookie(Unpacker reader) {
        name = reader.getText();
        value = reader.getText();
        path = reader.getText();
        domain = reader.getText();
        maxAge = reader.getByte() == 0 ? OptionalLong.empty() : OptionalLong.of(reader.getLong());
        sameSite = SameSite.VALUES[reader.getByte()];
        secure = reader.getByte() != 0;
        field = reader.getText();
    }

    public String name() {
        return name;
    }

    /** The token; empty to clear the cookie. */
    public String value() {
        return value;
    }

    public String path() {
        return path;
    }

    /** Empty: this host only. */
    public String domain() {
        return domain;
    }

    /** In seconds; 0 clears; empty: until the browser ends. */
    public OptionalLong maxAge() {
        return maxAge;
    }

    public SameSite sameSite() {
        return sameSite;
    }

    public boolean secure() {
        return secure;
    }

    /** The value of a Set-Cookie field. */
    public String field() {
        return field;
    }

    /** Its name; not the token. */
    @Override
    public String toString() {
        return "ResponseCookie[" + name + "]";
    }
}
