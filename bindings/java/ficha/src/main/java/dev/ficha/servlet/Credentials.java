package dev.ficha.servlet;

import dev.ficha.Carrier;
import dev.ficha.FichaClient;
import jakarta.servlet.http.Cookie;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Takes the session's credential, unless {@code [trust] pass_credential} leaves it, and headers in which services forward
 * identity out of what handlers see.
 */
final class Credentials {
    private static final String BEARER = "Bearer ";
    private static final String TOKEN_PREFIX = "fch1_";

    // A comma only where another cookie follows: some proxies join Cookie fields by it.
    private static final Pattern BETWEEN = Pattern.compile(";|,(?=[ \\t]*[!#$%&'*+.^_`|~0-9A-Za-z-]+[ \\t]*=)");

    private final FichaClient client;
    private final boolean passes;
    private final String cookieName;

    Credentials(FichaClient client) {
        this.client = client;
        passes = client.passesCredential();
        String cleared = client.clearCookie();
        cookieName = cleared.substring(0, cleared.indexOf('='));
    }

    static boolean mayHold(String name) {
        return name.equalsIgnoreCase("Cookie") || name.equalsIgnoreCase("Authorization");
    }

    /** What the field of a credential says. */
    String field(String token, Carrier carrier) {
        return carrier == Carrier.BEARER ? BEARER + token : cookieName + "=" + token;
    }

    /** The values of a field, as handlers may see them. */
    List<String> seen(String name, Enumeration<String> sent, Carrier carrier) {
        if (sent == null || client.isIdentityHeader(name)) return List.of();
        return passes ? Collections.list(sent) : without(name, sent, carrier);
    }

    /** The values of a field, less the credential. */
    List<String> without(String name, Enumeration<String> sent, Carrier carrier) {
        List<String> values = Collections.list(sent);
        if (name.equalsIgnoreCase("Cookie")) return withoutCookie(values);
        if (!name.equalsIgnoreCase("Authorization")) return values;
        return values.stream().filter(value -> !isOurs(value.strip(), carrier)).toList();
    }

    private static boolean isOurs(String authorization, Carrier carrier) {
        return authorization.regionMatches(true, 0, BEARER, 0, BEARER.length())
                && (carrier == Carrier.BEARER
                        || authorization.substring(BEARER.length()).strip().startsWith(TOKEN_PREFIX));
    }

    private List<String> withoutCookie(List<String> fields) {
        var kept = new ArrayList<String>();
        for (String field : fields) {
            List<String> pairs = BETWEEN.splitAsStream(field)
                    .map(String::strip)
                    .filter(pair -> !pair.isEmpty() && !isOurs(pair))
                    .toList();
            if (!pairs.isEmpty()) kept.add(String.join("; ", pairs));
        }
        return kept;
    }

    private boolean isOurs(String pair) {
        return pair.split("=", 2)[0].strip().equals(cookieName);
    }

    Cookie[] seen(Cookie[] cookies) {
        if (cookies == null || passes) return cookies;
        Cookie[] kept = Arrays.stream(cookies)
                .filter(cookie -> !cookie.getName().equals(cookieName))
                .toArray(Cookie[]::new);
        return kept.length == 0 ? null : kept;
    }

    /** What the client's cookie says; null: it has none. */
    String tokenIn(Cookie[] cookies) {
        if (cookies == null) return null;
        for (Cookie cookie : cookies) if (cookie.getName().equals(cookieName)) return cookie.getValue();
        return null;
    }
}
