package dev.ficha;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The files of tests/conformance, and their notation. */
final class Vectors {
    private Vectors() {}

    @SuppressWarnings("unchecked")
    static Map<String, Object> load(String file) throws Exception {
        String text = Files.readString(Path.of(System.getProperty("ficha.conformance"), file));
        return (Map<String, Object>) Json.read(file, text);
    }

    @SuppressWarnings("unchecked")
    static List<Map<String, Object>> cases(Map<String, Object> document, String key) {
        return (List<Map<String, Object>>) document.getOrDefault(key, List.of());
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> object(Map<String, Object> parent, String key) {
        return (Map<String, Object>) parent.getOrDefault(key, Map.of());
    }

    @SuppressWarnings("unchecked")
    static List<String> strings(Map<String, Object> parent, String key) {
        return (List<String>) parent.getOrDefault(key, List.of());
    }

    /** The text whose UTF-8 the octets are. */
    static String text(String octets) {
        return new String(octets.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    }

    /** One character per byte; something long is a list of [text, times]. */
    static String octets(Object written) {
        if (written instanceof String text) return text;
        var bytes = new StringBuilder();
        for (Object part : (List<?>) written) {
            var pair = (List<?>) part;
            bytes.append(((String) pair.get(0)).repeat(((Long) pair.get(1)).intValue()));
        }
        return bytes.toString();
    }
}
