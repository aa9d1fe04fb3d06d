package dev.ficha.spring;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collection;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
    private static final String ARRAY = "[]";

    // What Spring MVC's SessionLocaleResolver keeps, which has classes of the JDK.
    private static final Map<String, String> TYPES_OF_SPRING = Map.of(
            "org.springframework.web.servlet.i18n.SessionLocaleResolver.LOCALE",
            "java.util.Locale",
            "org.springframework.web.servlet.i18n.SessionLocaleResolver.TIME_ZONE",
            "java.util.TimeZone");

    private final JsonMapper json = JsonMapper.builder().build();
    private final Map<String, JavaType> types = new HashMap<>();

    /**
     * {@code types} has, by attribute name, what Jackson knows as the canonical form of a type: {@code shop.Cart},
     * {@code java.util.List<shop.Item>}, and arrays as in Java. Errors: IllegalArgumentException for a type that there is
     * not.
     */
    public JacksonAttributeMapper(Map<String, String> types) {
        TYPES_OF_SPRING.forEach((name, type) -> this.types.put(storedName(name), typeOf(name, type)));
        types.forEach((name, type) -> this.types.put(storedName(name), typeOf(name, type)));
    }

    @Override
    public boolean hasType(String storedName) {
        return types.containsKey(storedName);
    }

    private JavaType typeOf(String name, String type) {
        if (type.endsWith(ARRAY)) {
            return json.getTypeFactory()
                    .constructArrayType(typeOf(name, type.substring(0, type.length() - ARRAY.length())));
        }
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
        throw unreadable(name, value);
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

    private static IllegalArgumentException invalid(String name, String why) {
        return new IllegalArgumentException("session attribute \"" + name + "\": " + why);
    }

    /** Names the class that JSON does not have, and the property that helps. */
    static IllegalArgumentException unreadable(String name, Object value) {
        String key = name.matches("[A-Za-z0-9.-]+") ? "." + name : "[" + name + "]";
        return invalid(
                name,
                typeOf(culprit(value)) + " would not be read as what it is: give the attribute's type,"
                        + " ficha.attributes.types" + key + "=" + typeOf(value) + ", or keep it elsewhere");
    }

    // What is not plain in a plain list or map, or the value itself.
    private static Object culprit(Object value) {
        boolean lists = value instanceof List<?> && isOfJava(value);
        boolean maps = value instanceof Map<?, ?> map
                && isOfJava(map)
                && map.keySet().stream().allMatch(String.class::isInstance);
        if (!lists && !maps) return value;
        for (Object each : elements(value)) {
            if (!isPlain(each)) return culprit(each);
        }
        return value;
    }

    private static Collection<?> elements(Object value) {
        return value instanceof Map<?, ?> map ? map.values() : (Collection<?>) value;
    }

    // In the form that the property takes.
    private static String typeOf(Object value) {
        Class<?> type = value.getClass();
        if (type.isArray()) return type.getTypeName();
        if (value instanceof Enum<?> constant)
            return constant.getDeclaringClass().getName();
        if (!isOfJava(value)) return type.getName();
        if (value instanceof Map<?, ?> map) {
            return "java.util.Map<" + typeOfOne(map.keySet()) + "," + typeOfOne(map.values()) + ">";
        }
        if (value instanceof Set<?> set) return "java.util.Set<" + typeOfOne(set) + ">";
        if (value instanceof List<?> list) return "java.util.List<" + typeOfOne(list) + ">";
        return type.getName();
    }

    private static String typeOfOne(Collection<?> values) {
        Object found = null;
        for (Object each : values) {
            if (found == null || !isPlain(each)) found = each;
            if (!isPlain(each)) break;
        }
        return found == null ? "java.lang.Object" : typeOf(found);
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
                || value instanceof BigInteger;
    }

    // A collection of another library may hold more than its elements. Kotlin's are the JDK's but for a few.
    private static boolean isOfJava(Object collection) {
        String name = collection.getClass().getName();
        return name.startsWith("java.util.")
                || name.startsWith("kotlin.collections.Empty")
                || name.startsWith("kotlin.collections.builders.");
    }
}
