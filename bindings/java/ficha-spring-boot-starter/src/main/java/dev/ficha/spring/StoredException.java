package dev.ficha.spring;

import org.springframework.security.authentication.AuthenticationServiceException;
import org.springframework.security.core.AuthenticationException;
import org.springframework.util.ClassUtils;

/**
 * Why the last login failed, for the login page: class and message of an AuthenticationException, whichever it is. One that
 * cannot be made of a message is read as an AuthenticationServiceException with it.
 */
record StoredException(String exception, String message) {
    static final String BEGINNING = "{\"exception\":";

    static boolean writes(Object value) {
        return value instanceof AuthenticationException;
    }

    static StoredException of(Object value) {
        return new StoredException(value.getClass().getName(), ((AuthenticationException) value).getMessage());
    }

    AuthenticationException restored() {
        try {
            Class<?> type = ClassUtils.forName(exception, getClass().getClassLoader());
            if (AuthenticationException.class.isAssignableFrom(type)) {
                return (AuthenticationException)
                        type.getConstructor(String.class).newInstance(message);
            }
        } catch (ReflectiveOperationException | LinkageError e) {
            // Another service has the class, or it wants more than a message.
        }
        return new AuthenticationServiceException(message);
    }
}
