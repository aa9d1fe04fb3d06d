package dev.ficha.spring;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.springframework.util.ClassUtils;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JacksonModule;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What Spring itself puts into sessions: objects of its own classes, read by the class names that Spring Security allows.
 * They lie among the protected attributes, which no name of an attribute reaches: a text is read as an object only if this
 * class wrote it.
 */
final class SpringValues {
    private static final String SPRING = "org.springframework.";
    private static final String SAVED_REQUEST = "org.springframework.security.web.savedrequest.DefaultSavedRequest";
    private static final String APART = "spring:";
    private static final int MAX_NAME_BYTES = 64;
    private static final Set<String> CREDENTIALS = Set.of("cookie", "authorization", "proxy-authorization");

    private final JsonMapper plain = JsonMapper.builder().build();
    private final JsonMapper typed;
    private final boolean flashes;
    private final AttributeMapper names;

    /** {@code modules} empty: without Spring Security. */
    SpringValues(List<JacksonModule> modules, AttributeMapper names) {
        typed = modules.isEmpty()
                ? null
                : JsonMapper.builder().addModules(modules).build();
        flashes = ClassUtils.isPresent(
                "org.springframework.web.servlet.FlashMap", getClass().getClassLoader());
        this.names = names;
    }

    // --- names -----------------------------------------------------------------------------------------------------

    static boolean isApart(String protectedName) {
        return protectedName.startsWith(APART);
    }

    static String apartName(String name) {
        String apart = APART + name;
        if (apart.getBytes(StandardCharsets.UTF_8).length <= MAX_NAME_BYTES) return apart;
        return APART + digest(name).substring(0, MAX_NAME_BYTES - APART.length());
    }

    static String nameOf(String apartName) {
        return apartName.substring(APART.length());
    }

    private static String digest(String name) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(name.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every Java platform has it
        }
    }

    // --- values ----------------------------------------------------------------------------------------------------

    boolean writes(String name, Object value) {
        return isFlash(name) || (typed != null && (isOfSpring(value) || StoredException.writes(value)));
    }

    private static boolean isOfSpring(Object value) {
        return value.getClass().getName().startsWith(SPRING);
    }

    private boolean isFlash(String name) {
        return flashes && name.equals(names.storedName(FlashMaps.ATTRIBUTE));
    }

    /** Errors: IllegalArgumentException for a value that would not be read as what it is. */
    void check(String name, Object value) {
        if (isFlash(name) || StoredException.writes(value)) {
            write(name, value);
            return;
        }
        try {
            if (value.getClass().isInstance(read(name, write(name, value)))) return;
        } catch (IllegalArgumentException e) {
            // Either way it cannot be kept.
        }
        throw new IllegalArgumentException("session attribute \"" + name + "\": "
                + value.getClass().getName()
                + " would not be read as what it is: give its type in ficha.attributes.types, or keep it elsewhere");
    }

    String write(String name, Object value) {
        try {
            if (isFlash(name)) return plain.writeValueAsString(FlashMaps.wrapped(value));
            if (StoredException.writes(value)) return plain.writeValueAsString(StoredException.of(value));
            return plain.writeValueAsString(withoutCredentials(typed.valueToTree(value)));
        } catch (JacksonException e) {
            throw invalid(name, "JSON cannot carry it", e);
        }
    }

    Object read(String name, String text) {
        try {
            if (isFlash(name)) return FlashMaps.unwrapped(plain.readValue(text, FlashMaps.class));
            if (typed == null) return null;
            if (text.startsWith(StoredException.BEGINNING)) {
                return plain.readValue(text, StoredException.class).restored();
            }
            return typed.readValue(text, Object.class);
        } catch (JacksonException e) {
            throw invalid(name, "the stored JSON is of another form", e);
        }
    }

    private static IllegalArgumentException invalid(String name, String why, JacksonException e) {
        return new IllegalArgumentException("session attribute \"" + name + "\": " + why + " ("
                + e.getClass().getSimpleName() + ")");
    }

    // --- saved requests --------------------------------------------------------------------------------------------

    // A request is saved to be repeated after a login, with the fields of the client's next one: cookies (among them
    // Spring Security's own remember-me) and other credentials are not kept.
    private static JsonNode withoutCredentials(JsonNode value) {
        if (!(value instanceof ObjectNode request) || !SAVED_REQUEST.equals(text(request.get("@class")))) return value;
        if (request.get("cookies") instanceof ArrayNode typeAndCookies
                && typeAndCookies.get(1) instanceof ArrayNode cookies) {
            cookies.removeAll();
        }
        if (request.get("headers") instanceof ObjectNode headers) {
            List.copyOf(headers.propertyNames()).stream()
                    .filter(name -> CREDENTIALS.contains(name.toLowerCase(Locale.ROOT)))
                    .forEach(headers::remove);
        }
        return request;
    }

    private static String text(JsonNode node) {
        return node == null ? "" : node.asString();
    }
}
