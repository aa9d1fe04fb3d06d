package dev.ficha.spring;

import jakarta.servlet.DispatcherType;
import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.ServletRequestWrapper;
import jakarta.servlet.http.HttpServletRequest;
import java.nio.charset.StandardCharsets;

/**
 * What a request is routed by at this moment, within the context path: the method, the path as handlers of Spring MVC are
 * found by ({@code target}, raw), and as servlets are found by ({@code decoded}, by the container). Wrappers before this
 * place, forwards and includes have their say.
 */
record Routed(String method, String target, String decoded) {

    static Routed of(HttpServletRequest request) {
        if (request.getDispatcherType() != DispatcherType.INCLUDE) {
            return of(
                    request,
                    request.getRequestURI(),
                    request.getContextPath(),
                    request.getServletPath(),
                    request.getPathInfo());
        }
        return of(
                request,
                text(request, RequestDispatcher.INCLUDE_REQUEST_URI),
                text(request, RequestDispatcher.INCLUDE_CONTEXT_PATH),
                text(request, RequestDispatcher.INCLUDE_SERVLET_PATH),
                text(request, RequestDispatcher.INCLUDE_PATH_INFO));
    }

    private static Routed of(
            HttpServletRequest request, String uri, String contextPath, String servletPath, String pathInfo) {
        String decoded = servletPath == null ? "" : servletPath;
        if (pathInfo != null) decoded += pathInfo;
        return new Routed(request.getMethod(), within(contextPath, uri), decoded);
    }

    private static String text(HttpServletRequest request, String attribute) {
        return (String) request.getAttribute(attribute);
    }

    // A context path in another spelling than the address leaves what servlets are found by.
    private static String within(String contextPath, String uri) {
        if (uri == null) return "";
        if (contextPath == null || contextPath.isEmpty()) return ascii(uri);
        if (!uri.startsWith(contextPath)) return "";
        return uri.length() == contextPath.length() ? "/" : ascii(uri.substring(contextPath.length()));
    }

    // The target of a forward is Java's text; in an address it would be escaped.
    private static String ascii(String path) {
        if (path.chars().allMatch(c -> c < 0x80)) return path;
        var escaped = new StringBuilder();
        for (byte b : path.getBytes(StandardCharsets.UTF_8)) {
            if (b >= 0) escaped.append((char) b);
            else escaped.append(String.format("%%%02X", b));
        }
        return escaped.toString();
    }

    /** The container's own request: method, target and fields as they were received. */
    static HttpServletRequest received(HttpServletRequest request) {
        HttpServletRequest received = request;
        while (received instanceof ServletRequestWrapper wrapper
                && wrapper.getRequest() instanceof HttpServletRequest inner) received = inner;
        return received;
    }
}
