package dev.ficha.spring;

import dev.ficha.RedisServer;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What somebody who may read Redis finds there: in the clear, or behind base64, percent signs and JSON. */
final class AtRest {
    private static final Pattern BASE64 = Pattern.compile("[A-Za-z0-9+/_-]{16,}={0,2}");
    private static final Pattern JSON_ESCAPE = Pattern.compile("\\\\u([0-9a-fA-F]{4})");
    private static final int DEPTH = 3;

    private AtRest() {}

    /** Every value of every key, and what can be decoded from it. */
    static Set<String> everything(RedisServer redis) throws Exception {
        var texts = new LinkedHashSet<String>();
        for (String key : redis.cli("--raw", "KEYS", "*").lines().toList()) {
            texts.add(key);
            String dump = redis.cli("--raw", "GET", key);
            texts.add(dump.startsWith("WRONGTYPE") ? redis.cli("--raw", "ZRANGE", key, "0", "-1") : dump);
        }
        List<String> layer = new ArrayList<>(texts);
        for (int depth = 0; depth < DEPTH; depth++) {
            var decoded = new ArrayList<String>();
            layer.forEach(text -> decode(text, decoded));
            decoded.removeIf(text -> !texts.add(text));
            layer = decoded;
        }
        return texts;
    }

    private static void decode(String text, List<String> into) {
        into.add(JSON_ESCAPE
                .matcher(text)
                .replaceAll(
                        match -> Matcher.quoteReplacement(String.valueOf((char) Integer.parseInt(match.group(1), 16))))
                .replace("\\/", "/")
                .replace("\\\"", "\""));
        if (text.contains("%")) {
            try {
                into.add(URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8));
            } catch (IllegalArgumentException e) {
                // Not of that kind.
            }
        }
        Matcher words = BASE64.matcher(text);
        while (words.find()) {
            String word = words.group().replace('-', '+').replace('_', '/');
            try {
                into.add(new String(Base64.getDecoder().decode(word), StandardCharsets.ISO_8859_1));
            } catch (IllegalArgumentException e) {
                // Not of that kind.
            }
        }
    }
}
