package dev.ficha.spring;

import dev.ficha.Carrier;
import dev.ficha.FichaClient;
import jakarta.servlet.http.Cookie;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Where in a request the credential is: the configured cookie, and a Bearer token of ours. */
final class Credentials {
    static final String COOKIE = "Cookie";
    static final String AUTHORIZATION = "Authorization";
    private static final String SCHEME = "Bearer ";
    private static final String TOKEN_PREFIX = "fch1_";

    // A cookie, and what ends it: a comma only where another cookie follows, for some proxies join Cookie fields by it.
    private static final Pattern PART =
            Pattern.compile("(?s)\\G(.*?)(;|,(?=[ \\t]*[!#$%&'*+.^_`|~0-9A-Za-z-]+[ \\t]*=)|\\z)");

    private final String cookieName;

    Credentials(FichaClient client) {
        String cleared = client.clearCookie();
        cookieName = cleared.substring(0, cleared.indexOf('='));
    }

    /** Cookie fields without our cookie; those in which nothing else is are left out. */
    List<String> withoutCookie(List<String> fields) {
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

    Cookie[] withoutCookie(Cookie[] cookies) {
        if (cookies == null) return null;
        Cookie[] kept = Arrays.stream(cookies)
                .filter(cookie -> !cookie.getName().equals(cookieName))
                .toArray(Cookie[]::new);
        return kept.length == 0 ? null : kept;
    }

    /** Whether an Authorization field is the credential, or means to be. */
    static boolean isOurs(String authorization, Carrier carrier) {
        String value = authorization.strip();
        if (!value.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) return false;
        return carrier == Carrier.BEARER
                || value.substring(SCHEME.length()).strip().startsWith(TOKEN_PREFIX);
    }

    static String bearer(String token) {
        return SCHEME + token;
    }

    String cookie(String token) {
        return cookieName + "=" + token;
    }

    /** The token in the fields of a request that was admitted. */
    Optional<String> tokenIn(List<String> cookieFields, String authorization, Carrier carrier) {
        if (carrier == Carrier.BEARER) {
            return Optional.of(authorization.strip().substring(SCHEME.length()).strip());
        }
        if (carrier != Carrier.COOKIE) return Optional.empty();
        for (String field : cookieFields) {
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
}
