package dev.ficha;

import java.util.Locale;

/** The error table; numbers and names are stable and the same in every language. */
public enum ErrorCode {
    INVALID_ARGUMENT(1, 400),
    INVALID_CONFIG(2, 0),
    TOO_LARGE(3, 413),
    UNAVAILABLE(10, 503),
    TIMEOUT(11, 503),
    ACCESS_DENIED(12, 503),
    WRITE_REFUSED(13, 503),
    CORRUPT_RECORD(14, 503),
    UNKNOWN_OUTCOME(15, 503),
    OVERLOADED(16, 503),
    INCOMPLETE(17, 503),
    SESSION_GONE(20, 401),
    CONFLICT(21, 409),
    ATTRIBUTE_EXISTS(22, 409),
    SESSION_LIMIT(23, 429),
    CLOSED(30, 0),
    /** A number that this version does not know. */
    UNKNOWN(0, 503);

    private final int number;
    private final int httpStatus;
    private final String text;

    ErrorCode(int number, int httpStatus) {
        this.number = number;
        this.httpStatus = httpStatus;
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
        return httpStatus;
    }

    /** The stable name, {@code "session_gone"}. */
    @Override
    public String toString() {
        return text;
    }
}
