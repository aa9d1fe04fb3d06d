package dev.ficha.internal.servlet;

import dev.ficha.Carrier;
import dev.ficha.FichaClient;
import dev.ficha.HttpRequest;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where in a request the credential is (the configured cookie, and a Bearer token of ours), and which of its headers forward
 * identity.
 */
public final class Credentials {
    public static final String AUTHORIZATION = "Authorization";
    private static final String COOKIE = "Cookie";
    private static final String SCHEME = "Bearer ";
    private static final String TOKEN_PREFIX = "fch1_";
    private static final int MAX_KNOWN_NAMES = 256;

    // A cookie, and what ends it: a comma only where another cookie follows, for some proxies join Cookie fields by it.
    private static final Pattern PART =
            Pattern.compile("(?s)\\G(.*?)(;|,(?=[ \\t]*[!#$%&'*+.^_`|~0-9A-Za-z-]+[ \\t]*=)|\\z)");

    private final FichaClient client;
    private final String cookieName;
    private final Map<String, Boolean> identityHeaders = new ConcurrentHashMap<>();

    public Credentials(FichaClient client) {
        this.client = client;
        cookieName = client.clearCookie().name();
    }

    /** Asked for every field of every request; clients choose the names, so no more than a few are remembered. */
    boolean isIdentityHeader(String name) {
        Boolean known = identityHeaders.get(name);
        if (known != null) return known;
        boolean found = client.isIdentityHeader(name);
        if (identityHeaders.size() < MAX_KNOWN_NAMES) identityHeaders.put(name, found);
        return found;
    }

    /** Whether handlers must not see all of a field. */
    boolean isHidden(String name) {
        return !client.passesCredential() && mayHold(name);
    }

    private static boolean mayHold(String name) {
        return name.equalsIgnoreCase(COOKIE) || name.equalsIgnoreCase(AUTHORIZATION);
    }

    /** The values of a Cookie or Authorization field without the credential. */
    List<String> without(String name, Enumeration<String> sent, Carrier carrier) {
        List<String> values = sent == null ? List.of() : Collections.list(sent);
        if (name.equalsIgnoreCase(COOKIE)) return withoutCookie(values);
        return values.stream().filter(value -> !isOurs(value, carrier)).toList();
    }

    // Fields in which nothing else is are left out.
    private List<String> withoutCookie(List<String> fields) {
        var kept = new ArrayList<String>();
        for (String field : fields) {
            String rest = withoutCookie(field);
            if (!rest.isEmpty()) kept.add(rest);
        }
        return kept;
    }

    private String withoutCookie(String field) {
        if (!field.contains(cookieName)) return field;
        var rest = new StringBuilder();
        String joint = "";
        Matcher parts = PART.matcher(field);
        while (parts.find()) {
            String pair = parts.group(1);
            if (!pair.isBlank() && !isOurs(pair)) {
                if (!rest.isEmpty()) rest.append(joint).append(' ');
                rest.append(pair.strip());
                joint = "";
            }
            if (joint.isEmpty()) joint = parts.group(2);
        }
        return rest.toString();
    }

    private boolean isOurs(String pair) {
        int equals = pair.indexOf('=');
        return cookieName.equals((equals < 0 ? pair : pair.substring(0, equals)).strip());
    }

    Cookie[] seen(Cookie[] cookies) {
        if (cookies == null || client.passesCredential()) return cookies;
        Cookie[] kept = Arrays.stream(cookies)
                .filter(cookie -> !cookie.getName().equals(cookieName))
                .toArray(Cookie[]::new);
        return kept.length == 0 ? null : kept;
    }

    // Whether an Authorization field is the credential, or means to be.
    private static boolean isOurs(String authorization, Carrier carrier) {
        String value = authorization.strip();
        if (!value.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) return false;
        return carrier == Carrier.BEARER
                || value.substring(SCHEME.length()).strip().startsWith(TOKEN_PREFIX);
    }

    /** What an Authorization field says. */
    public static String bearer(String token) {
        return SCHEME + token;
    }

    /** The token that a request presents, which was let through with it. */
    public Optional<String> tokenOf(HttpServletRequest received, Carrier carrier) {
        if (carrier == Carrier.COOKIE) return cookieOf(received);
        if (carrier != Carrier.BEARER) return Optional.empty();
        String authorization = received.getHeader(AUTHORIZATION).strip();
        return Optional.of(authorization.substring(SCHEME.length()).strip());
    }

    /** What the session's cookie of a request says, whatever it leads to. */
    public Optional<String> cookieOf(HttpServletRequest received) {
        for (String field : Collections.list(received.getHeaders(COOKIE))) {
            Matcher parts = PART.matcher(field);
            while (parts.find()) {
                String pair = parts.group(1);
                if (isOurs(pair) && pair.indexOf('=') > 0) {
                    return Optional.of(pair.substring(pair.indexOf('=') + 1).strip());
                }
            }
        }
        return Optional.empty();
    }

    /** The fields of a request as it came. */
    public static void addFields(HttpRequest.Builder builder, HttpServletRequest received) {
        for (String name : Collections.list(received.getHeaderNames())) {
            for (String value : Collections.list(received.getHeaders(name))) builder.header(name, value);
        }
    }

    /** The same as the client's next one will have them: with another token in the place of its own, or with none (null). */
    public void addFields(HttpRequest.Builder builder, HttpServletRequest received, Carrier carrier, String token) {
        for (String name : Collections.list(received.getHeaderNames())) {
            Enumeration<String> sent = received.getHeaders(name);
            List<String> values = mayHold(name) ? without(name, sent, carrier) : Collections.list(sent);
            values.forEach(value -> builder.header(name, value));
        }
        if (token == null) return;
        if (carrier == Carrier.BEARER) builder.header(AUTHORIZATION, bearer(token));
        else builder.header(COOKIE, cookieName + "=" + token);
    }
}
