package dev.ficha.spring;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.InflaterOutputStream;

/** Names of authorities, of which an application may have thousands: long lists are compressed. */
final class Texts {
    private static final String DEFLATED = "deflated";
    private static final String SEPARATOR = "\0";
    private static final int PLAIN_CHARACTERS = 2048;
    private static final int MAX_ITEM_BYTES = 128;

    private Texts() {}

    /** Whether a session's roles and scopes may have this name. */
    static boolean isItem(String name) {
        return !name.isEmpty()
                && name.getBytes(StandardCharsets.UTF_8).length <= MAX_ITEM_BYTES
                && name.codePoints().noneMatch(c -> c == ' ' || Character.isISOControl(c));
    }

    /** The list, or a map with the same. */
    static Object packed(List<String> texts) {
        String joined = String.join(SEPARATOR, texts);
        if (joined.length() < PLAIN_CHARACTERS || joined.split(SEPARATOR, -1).length != texts.size()) return texts;
        var bytes = new ByteArrayOutputStream();
        try (var deflater = new DeflaterOutputStream(bytes)) {
            deflater.write(joined.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new IllegalStateException(e); // in memory
        }
        return Map.of(DEFLATED, Base64.getEncoder().encodeToString(bytes.toByteArray()));
    }

    /** What {@link #packed} made; empty for anything else. */
    static List<String> unpacked(Object packed) {
        if (packed instanceof List<?> list)
            return list.stream().map(String::valueOf).toList();
        if (!(packed instanceof Map<?, ?> map) || !(map.get(DEFLATED) instanceof String text)) return List.of();
        var bytes = new ByteArrayOutputStream();
        try (var inflater = new InflaterOutputStream(bytes)) {
            inflater.write(Base64.getDecoder().decode(text));
        } catch (IOException | IllegalArgumentException e) {
            return List.of();
        }
        return List.of(bytes.toString(StandardCharsets.UTF_8).split(SEPARATOR, -1));
    }
}
