package dev.ficha.spring;

import dev.ficha.Decision;
import dev.ficha.ErrorCode;
import dev.ficha.ErrorResponse;
import dev.ficha.FichaException;
import dev.ficha.internal.servlet.Responses;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * Answers to requests that may not pass, as in every language. Why is for the log alone, of FichaFilter: a denial at DEBUG, what
 * a session cannot hold at WARN.
 */
final class Denials {
    private static final Log LOG = LogFactory.getLog(FichaFilter.class);

    private Denials() {}

    static void write(HttpServletRequest request, HttpServletResponse response, Decision decision) throws IOException {
        if (LOG.isDebugEnabled()) LOG.debug(described(request, decision));
        Responses.write(response, ErrorResponse.to(decision));
    }

    /** In the place of what a handler has written. */
    static void writeInstead(HttpServletRequest request, HttpServletResponse response, Decision decision)
            throws IOException {
        Responses.resetButCookies(response);
        write(request, response, decision);
    }

    /** In the place of what a handler has written; {@code decision} let the request through (null: there is none). */
    static void writeInstead(HttpServletResponse response, Decision decision, FichaException cause) throws IOException {
        Responses.resetButCookies(response);
        if (decision != null) Responses.addHeaders(response, decision.headers());
        ErrorResponse answer = ErrorResponse.to(cause);
        boolean isRefused = cause.code() == ErrorCode.TOO_LARGE || cause.code() == ErrorCode.INVALID_ARGUMENT;
        if (isRefused) LOG.warn("a request is answered " + answer.status() + ": " + cause.getMessage());
        Responses.write(response, answer);
    }

    // The target without its query, in which secrets may be; it is raw, so no line can be forged.
    private static String described(HttpServletRequest request, Decision decision) {
        String rule = decision.rule() < 0 ? "by no rule" : "by rule " + decision.rule();
        return request.getMethod() + " " + request.getRequestURI().replaceAll("\\p{Cntrl}", " ") + " is denied: "
                + decision.status() + " " + decision.verdict() + ", because of " + decision.reason() + ", " + rule;
    }
}
