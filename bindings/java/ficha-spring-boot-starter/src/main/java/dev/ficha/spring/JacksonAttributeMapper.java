package dev.ficha.spring;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.json.JsonMapper;

/**
 * Attributes by Jackson. Values that JSON has (text, numbers, truth values, lists and maps of them) are stored as they are,
 * and read as String, Integer, Long, BigInteger, Double, Boolean, List and Map. An attribute of another class needs its type
 * in {@code ficha.attributes.types}: no class name is taken from the store.
 *
 * <p>Names of more than 64 bytes, as frameworks use, are abbreviated like those of loggers; where that is not enough, their
 * SHA-256 stands for them.
 */
public final class JacksonAttributeMapper implements AttributeMapper {
    private static final int MAX_NAME_BYTES = 64;

    private final JsonMapper json = JsonMapper.builder().build();
    private final Map<String, JavaType> types = new HashMap<>();

    /**
     * {@code types} has, by attribute name, what Jackson knows as the canonical form of a type: {@code shop.Cart},
     * {@code java.util.List<shop.Item>}. Errors: IllegalArgumentException for a type that there is not.
     */
    public JacksonAttributeMapper(Map<String, String> types) {
        types.forEach((name, type) -> this.types.put(storedName(name), typeOf(name, type)));
    }

    @Override
    public boolean hasType(String storedName) {
        return types.containsKey(storedName);
    }

    private JavaType typeOf(String name, String type) {
        try {
            return json.getTypeFactory().constructFromCanonical(type);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("ficha.attributes.types." + name + ": no such type: " + type, e);
        }
    }

    @Override
    public String storedName(String name) {
        if (name.length() <= MAX_NAME_BYTES / 3) return name;
        return fits(name) ? name : abbreviated(name);
    }

    // "org.springframework.x.Y.Z" is "o.s.x.Y.Z": packages shrink to their first letter, from the front, until the name
    // fits.
    private static String abbreviated(String name) {
        String[] parts = name.split("\\.");
        for (int i = 0; i < parts.length; i++) {
            if (parts[i].isEmpty() || !Character.isLowerCase(parts[i].charAt(0))) continue;
            parts[i] = parts[i].substring(0, 1);
            String shorter = String.join(".", parts);
            if (fits(shorter)) return shorter;
        }
        return digested(name);
    }

    private static boolean fits(String name) {
        return name.getBytes(StandardCharsets.UTF_8).length <= MAX_NAME_BYTES;
    }

    // SHA-256 in hexadecimal has 64 characters.
    private static String digested(String name) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(name.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every Java platform has it
        }
    }

    @Override
    public String write(String name, Object value) {
        try {
            JavaType type = types.get(name);
            if (type != null) return json.writerFor(type).writeValueAsString(value);
            if (isPlain(value)) return json.writeValueAsString(value);
        } catch (JacksonException e) {
            throw invalid(name, "JSON cannot carry it (" + e.getClass().getSimpleName() + ")");
        }
        throw invalid(
                name,
                "would be read as something else than " + value.getClass().getName() + ": give its type in "
                        + "ficha.attributes.types");
    }

    @Override
    public Object read(String name, String text) {
        try {
            JavaType type = types.get(name);
            if (type != null) return json.readValue(text, type);
            return json.readValue(text, Object.class);
        } catch (JacksonException e) {
            throw invalid(
                    name, "the stored JSON is of another form (" + e.getClass().getSimpleName() + ")");
        }
    }

    @Override
    public boolean isSame(String text, String other) {
        return text.equals(other) || json.readTree(text).equals(json.readTree(other));
    }

    private static IllegalArgumentException invalid(String name, String why) {
        return new IllegalArgumentException("session attribute \"" + name + "\": " + why);
    }

    private static boolean isPlain(Object value) {
        if (value instanceof Map<?, ?> map) {
            return isOfJava(map)
                    && map.keySet().stream().allMatch(String.class::isInstance)
                    && map.values().stream().allMatch(JacksonAttributeMapper::isPlain);
        }
        if (value instanceof List<?> list) {
            return isOfJava(list) && list.stream().allMatch(JacksonAttributeMapper::isPlain);
        }
        return value == null
                || value instanceof String
                || value instanceof Boolean
                || value instanceof Integer
                || value instanceof Long
                || value instanceof Double
                || value instanceof BigInteger
                || value instanceof BigDecimal
                || value instanceof Short
                || value instanceof Byte
                || value instanceof Float;
    }

    // A collection of another library may hold more than its elements.
    private static boolean isOfJava(Object collection) {
        return collection.getClass().getName().startsWith("java.util.");
    }
}
