package dev.ficha.internal.servlet;

import dev.ficha.ErrorResponse;
import dev.ficha.ResponseCookie;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/** What hosts write to a servlet's response. */
public final class Responses {
    private static final String SET_COOKIE = "Set-Cookie";

    private Responses() {}

    /** One for each response: the newest counts. */
    public static void setCookie(HttpServletResponse response, ResponseCookie cookie) {
        List<String> others = response.getHeaders(SET_COOKIE).stream()
                .filter(each -> !each.startsWith(cookie.name() + "="))
                .toList();
        response.setHeader(SET_COOKIE, cookie.field());
        others.forEach(each -> response.addHeader(SET_COOKIE, each));
        response.setHeader("Cache-Control", "no-store");
    }

    public static void addHeaders(HttpServletResponse response, Collection<Map.Entry<String, String>> headers) {
        headers.forEach(header -> {
            if (response.getHeaders(header.getKey()).contains(header.getValue())) return;
            response.addHeader(header.getKey(), header.getValue());
        });
    }

    public static void write(HttpServletResponse response, ErrorResponse answer) throws IOException {
        addHeaders(response, answer.headers());
        response.setStatus(answer.status());
        if (answer.body().isEmpty()) return;
        response.setContentType("application/json");
        try {
            response.getOutputStream().write(answer.body().getBytes(StandardCharsets.UTF_8));
        } catch (IllegalStateException e) { // a handler that forwarded has asked for the writer
            response.getWriter().write(answer.body());
        }
    }

    /** In the place of what a handler has written. What became of the session is so, whatever failed after it. */
    public static void resetButCookies(HttpServletResponse response) {
        List<String> cookies = List.copyOf(response.getHeaders(SET_COOKIE));
        response.reset();
        cookies.forEach(cookie -> response.addHeader(SET_COOKIE, cookie));
        if (!cookies.isEmpty()) response.setHeader("Cache-Control", "no-store");
    }
}
