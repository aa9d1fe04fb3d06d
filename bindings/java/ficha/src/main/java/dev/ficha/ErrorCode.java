package dev.ficha;

import dev.ficha.internal.Native;
import java.util.Locale;

/** The error table; numbers and names are stable and the same in every language. */
public enum ErrorCode {
    INVALID_ARGUMENT(1),
    INVALID_CONFIG(2),
    TOO_LARGE(3),
    UNAVAILABLE(10),
    TIMEOUT(11),
    ACCESS_DENIED(12),
    WRITE_REFUSED(13),
    CORRUPT_RECORD(14),
    UNKNOWN_OUTCOME(15),
    OVERLOADED(16),
    INCOMPLETE(17),
    SESSION_GONE(20),
    CONFLICT(21),
    ATTRIBUTE_EXISTS(22),
    SESSION_LIMIT(23),
    CLOSED(30),
    /** A number that this version does not know. */
    UNKNOWN(0);

    private final int number;
    private final String text;

    ErrorCode(int number) {
        this.number = number;
        text = name().toLowerCase(Locale.ROOT);
    }

    static ErrorCode of(int number) {
        for (ErrorCode code : values()) {
            if (code.number == number) return code;
        }
        return UNKNOWN;
    }

    public int number() {
        return number;
    }

    /** 0 where the error never reaches a request. */
    public int httpStatus() {
        return Native.errorStatus(number);
    }

    /** The stable name, {@code "session_gone"}. */
    @Override
    public String toString() {
        return text;
    }
}
