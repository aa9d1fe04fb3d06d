package dev.ficha.spring;

import dev.ficha.FichaClient;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.core.env.Environment;

/**
 * The properties in which Spring Boot describes the cookie of its own sessions. The cookie here is what ficha.cookie says, so
 * they must say the same, or nothing.
 */
final class ServletCookie {
    private static final String PREFIX = "server.servlet.session.cookie";

    private final Map<String, String> actual = new HashMap<>();

    private ServletCookie(FichaClient client) {
        String[] parts = client.clearCookie().split("; ");
        actual.put("name", parts[0].substring(0, parts[0].indexOf('=')));
        for (int i = 1; i < parts.length; i++) {
            int equals = parts[i].indexOf('=');
            String name = equals < 0 ? parts[i] : parts[i].substring(0, equals);
            actual.put(uniform(name), equals < 0 ? "true" : parts[i].substring(equals + 1));
        }
        actual.remove("maxage"); // of the cleared cookie
    }

    private static String uniform(String name) {
        return name.replaceAll("[^A-Za-z]", "").toLowerCase(Locale.ROOT);
    }

    /** Errors: IllegalStateException naming each property that would not be so, and what takes its place. */
    static void check(Environment environment, FichaClient client) {
        var cookie = new ServletCookie(client);
        var different = new ArrayList<String>();
        Binder.get(environment)
                .bind(PREFIX, Bindable.mapOf(String.class, String.class))
                .orElse(Map.of())
                .forEach((name, value) -> cookie.compare(name, value, different));
        if (!different.isEmpty()) throw new IllegalStateException(String.join("; ", different));
    }

    private void compare(String name, String wanted, List<String> different) {
        String is = actual.getOrDefault(uniform(name), "false");
        if (is.equalsIgnoreCase(wanted)) return;
        different.add(PREFIX + "." + name + "=" + wanted + " does not count for the sessions of Ficha: "
                + switch (uniform(name)) {
                    case "name" -> "set ficha.cookie.name";
                    case "domain" -> "set ficha.cookie.domain, and a ficha.cookie.name without __Host-";
                    case "samesite" -> "set ficha.cookie.same-site";
                    case "secure" -> "set ficha.cookie.insecure-http=true, for development without TLS";
                    case "maxage" ->
                        "set ficha.cookie.persistent=true; the cookie then lives as long as the session, which"
                                + " ficha.session.idle-timeout and absolute-timeout say";
                    case "httponly" -> "its cookie is always HttpOnly";
                    case "path" -> "its cookie is always for the path /";
                    default -> "its cookie has no such attribute";
                });
    }
}
