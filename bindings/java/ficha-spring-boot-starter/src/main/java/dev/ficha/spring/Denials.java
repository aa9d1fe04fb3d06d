package dev.ficha.spring;

import dev.ficha.Decision;
import dev.ficha.ErrorCode;
import dev.ficha.FichaException;
import dev.ficha.Verdict;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.List;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * Answers to requests that may not pass: status and headers of the decision, and a body of JSON. Why is for the log alone, of
 * FichaFilter at DEBUG.
 */
final class Denials {
    private static final Log LOG = LogFactory.getLog(FichaFilter.class);

    private Denials() {}

    static void addHeaders(HttpServletResponse response, Decision decision) {
        decision.headers().forEach(header -> {
            if (response.getHeaders(header.getKey()).contains(header.getValue())) return;
            response.addHeader(header.getKey(), header.getValue());
        });
    }

    static void write(HttpServletRequest request, HttpServletResponse response, Decision decision) throws IOException {
        if (LOG.isDebugEnabled()) LOG.debug(described(request, decision));
        addHeaders(response, decision);
        if (decision.verdict() == Verdict.PREFLIGHT) {
            response.setStatus(decision.status());
            return;
        }
        write(response, decision.status(), decision.verdict().toString(), explain(decision.verdict()));
    }

    /** In the place of what a handler has written. */
    static void writeInstead(HttpServletRequest request, HttpServletResponse response, Decision decision)
            throws IOException {
        resetButCookies(response);
        write(request, response, decision);
    }

    /** In the place of what a handler has written; {@code decision} let the request through (null: there is none). */
    static void writeInstead(HttpServletResponse response, Decision decision, FichaException cause) throws IOException {
        resetButCookies(response);
        if (decision != null) addHeaders(response, decision);
        boolean outage = cause instanceof FichaException.StoreException;
        if (outage) response.setHeader("Retry-After", "1");
        if (cause.code() == ErrorCode.SESSION_GONE) {
            response.setHeader("WWW-Authenticate", "Bearer error=\"invalid_token\"");
        }
        String name = outage ? Verdict.UNAVAILABLE.toString() : cause.code().toString();
        write(response, cause.httpStatus(), name, outage ? explain(Verdict.UNAVAILABLE) : cause.getMessage());
    }

    // What became of the session is so, whatever failed after it.
    private static void resetButCookies(HttpServletResponse response) {
        List<String> cookies = List.copyOf(response.getHeaders("Set-Cookie"));
        response.reset();
        cookies.forEach(cookie -> response.addHeader("Set-Cookie", cookie));
        if (!cookies.isEmpty()) response.setHeader("Cache-Control", "no-store");
    }

    private static String explain(Verdict verdict) {
        return switch (verdict) {
            case ALLOW, PREFLIGHT -> "";
            case UNAUTHENTICATED -> "log in first";
            case REAUTHENTICATE -> "prove your identity again";
            case FORBIDDEN -> "you may not do this";
            case METHOD_NOT_ALLOWED -> "this cannot be done here";
            case BAD_REQUEST -> "the request is malformed or ambiguous";
            case UNAVAILABLE -> "sessions cannot be read just now; try again";
        };
    }

    private static void write(HttpServletResponse response, int status, String error, String message)
            throws IOException {
        response.setStatus(status);
        response.setContentType("application/json");
        response.setCharacterEncoding("UTF-8");
        response.getWriter().write("{\"error\": \"" + error + "\", \"message\": \"" + escaped(message) + "\"}\n");
    }

    // The target without its query, in which secrets may be; it is raw, so no line can be forged.
    private static String described(HttpServletRequest request, Decision decision) {
        String rule = decision.rule() < 0 ? "by no rule" : "by rule " + decision.rule();
        return request.getMethod() + " " + escaped(request.getRequestURI()) + " is denied: " + decision.status() + " "
                + decision.verdict() + ", because of " + decision.reason() + ", " + rule;
    }

    private static String escaped(String text) {
        return text.replace("\\", "\\\\").replace("\"", "\\\"").replaceAll("\\p{Cntrl}", " ");
    }
}
