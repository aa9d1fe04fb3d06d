package dev.ficha;

/**
 * Every error of the core. Code and name are stable and the same in every language; no message holds a token, a password
 * or an attribute's value. Subclasses exist for what hosts catch by class.
 */
@SuppressWarnings("serial") // no field beyond Throwable's is ever read back
public class FichaException extends RuntimeException {
    private final ErrorCode code;

    FichaException(ErrorCode code, String message) {
        super(message);
        this.code = code;
    }

    static FichaException of(ErrorCode code, String message) {
        return switch (code) {
            case INVALID_ARGUMENT -> new InvalidArgument(message);
            case INVALID_CONFIG -> new InvalidConfig(message);
            case SESSION_GONE -> new SessionGone(message);
            case CONFLICT -> new Conflict(message);
            case ATTRIBUTE_EXISTS -> new AttributeExists(message);
            case SESSION_LIMIT -> new SessionLimit(message);
            case CLOSED -> new ClientClosed(message);
            case UNAVAILABLE,
                    TIMEOUT,
                    ACCESS_DENIED,
                    WRITE_REFUSED,
                    CORRUPT_RECORD,
                    UNKNOWN_OUTCOME,
                    OVERLOADED,
                    INCOMPLETE -> new StoreException(code, message);
            case TOO_LARGE, UNKNOWN -> new FichaException(code, message);
        };
    }

    /** What went wrong. */
    public ErrorCode code() {
        return code;
    }

    /** The HTTP status a service answers with; 0 where the error never reaches a request. */
    public int httpStatus() {
        return code.httpStatus();
    }

    /** A value is out of its documented range, or JSON cannot carry it. */
    public static final class InvalidArgument extends FichaException {
        InvalidArgument(String message) {
            super(ErrorCode.INVALID_ARGUMENT, message);
        }
    }

    /** The configuration cannot work; reported when a client is opened. */
    public static final class InvalidConfig extends FichaException {
        InvalidConfig(String message) {
            super(ErrorCode.INVALID_CONFIG, message);
        }
    }

    /** The store could not answer. Says nothing about the session: an outage is never a logout. */
    public static final class StoreException extends FichaException {
        StoreException(ErrorCode code, String message) {
            super(code, message);
        }
    }

    /** A write to a session that is no longer live. */
    public static final class SessionGone extends FichaException {
        SessionGone(String message) {
            super(ErrorCode.SESSION_GONE, message);
        }
    }

    /** The expected generation differs from the stored one. */
    public static final class Conflict extends FichaException {
        Conflict(String message) {
            super(ErrorCode.CONFLICT, message);
        }
    }

    /** An {@code add} of an attribute that is there. */
    public static final class AttributeExists extends FichaException {
        AttributeExists(String message) {
            super(ErrorCode.ATTRIBUTE_EXISTS, message);
        }
    }

    /** The principal has as many sessions as it may have. */
    public static final class SessionLimit extends FichaException {
        SessionLimit(String message) {
            super(ErrorCode.SESSION_LIMIT, message);
        }
    }

    /** The client was closed. */
    public static final class ClientClosed extends FichaException {
        ClientClosed(String message) {
            super(ErrorCode.CLOSED, message);
        }
    }
}
