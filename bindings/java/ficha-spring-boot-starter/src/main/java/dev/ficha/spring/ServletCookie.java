package dev.ficha.spring;

import dev.ficha.FichaClient;
import dev.ficha.ResponseCookie;
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
        ResponseCookie cookie = client.clearCookie();
        actual.put("name", cookie.name());
        actual.put("path", cookie.path());
        if (!cookie.domain().isEmpty()) actual.put("domain", cookie.domain());
        actual.put("samesite", cookie.sameSite().toString());
        actual.put("secure", String.valueOf(cookie.secure()));
        actual.put("httponly", "true");
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
