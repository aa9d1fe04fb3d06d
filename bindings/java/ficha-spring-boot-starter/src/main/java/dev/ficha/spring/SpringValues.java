package dev.ficha.spring;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.util.ClassUtils;
import org.springframework.validation.BindingResult;
import org.springframework.web.context.request.DestructionCallbackBindingListener;
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
    private static final Log LOG = LogFactory.getLog(SpringValues.class);
    private static final String SPRING = "org.springframework.";
    private static final String SAVED_REQUEST = "org.springframework.security.web.savedrequest.DefaultSavedRequest";
    private static final String CALLBACK = "{\"callback\":true}";
    /** What the names of all protected attributes begin with that are of no identity. */
    static final String APART = "spring:";

    private static final int MAX_NAME_BYTES = 64;
    private static final Set<String> CREDENTIALS = Set.of("cookie", "authorization", "proxy-authorization");

    private final JsonMapper plain = JsonMapper.builder().build();
    private final JsonMapper typed;
    private final Passkeys passkeys;
    private final boolean flashes;
    private final AttributeMapper mapper;

    /** {@code modules} empty: without Spring Security. */
    SpringValues(List<JacksonModule> modules, AttributeMapper mapper) {
        typed = modules.isEmpty()
                ? null
                : JsonMapper.builder().addModules(modules).build();
        passkeys = typed != null && isPresent("org.springframework.security.web.webauthn.jackson.WebauthnJacksonModule")
                ? new Passkeys()
                : null;
        flashes = isPresent("org.springframework.web.servlet.FlashMap");
        this.mapper = mapper;
    }

    private static boolean isPresent(String name) {
        return ClassUtils.isPresent(name, SpringValues.class.getClassLoader());
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
        return isFlash(name)
                || value instanceof BindingResult
                || value instanceof DestructionCallbackBindingListener
                || (typed != null && (isOfSpring(value) || isException(value)));
    }

    // Authorized clients are a map of Spring's own.
    private static boolean isOfSpring(Object value) {
        if (value instanceof Map<?, ?> map) {
            return !map.isEmpty() && map.values().stream().allMatch(SpringValues::isSpringObject);
        }
        return isSpringObject(value);
    }

    private static boolean isSpringObject(Object value) {
        return value != null && value.getClass().getName().startsWith(SPRING);
    }

    private boolean isException(Object value) {
        return typed != null && StoredException.writes(value);
    }

    private boolean isFlash(String name) {
        return flashes && name.equals(mapper.storedName(FlashMaps.ATTRIBUTE));
    }

    /** Errors: IllegalArgumentException for a value that would not be read as what it is. */
    void check(String name, Object value) {
        String text;
        try {
            text = text(name, value);
            boolean known = isFlash(name) || isException(value) || isSame(value, value(name, text));
            if (known) return;
        } catch (JacksonException e) {
            // Either way it cannot be kept.
        }
        throw JacksonAttributeMapper.unreadable(name, value);
    }

    private static boolean isSame(Object value, Object read) {
        if (read == null) return false;
        if (value instanceof BindingResult) return read instanceof BindingResult;
        if (!(value instanceof Map<?, ?> map)) return value.getClass() == read.getClass();
        return read instanceof Map<?, ?> other
                && map.entrySet().stream().allMatch(each -> isSame(each.getValue(), other.get(each.getKey())));
    }

    /** Errors: IllegalArgumentException for a value that JSON cannot carry. */
    String write(String name, Object value) {
        try {
            return text(name, value);
        } catch (JacksonException e) {
            throw new IllegalArgumentException("session attribute \"" + name + "\": JSON cannot carry it ("
                    + e.getClass().getSimpleName() + ")");
        }
    }

    private String text(String name, Object value) {
        if (isFlash(name)) return plain.writeValueAsString(FlashMaps.wrapped(value, this::flash));
        if (value instanceof BindingResult result) {
            return plain.writeValueAsString(StoredBinding.of(result, mapper));
        }
        if (value instanceof DestructionCallbackBindingListener) return CALLBACK;
        if (passkeys != null && Passkeys.writes(value)) return passkeys.write(value);
        if (isException(value)) return exception(name, value);
        return plain.writeValueAsString(withoutCredentials(typed.valueToTree(value)));
    }

    // Some of Spring's carry more than a message; of any other, class and message must do.
    private String exception(String name, Object value) {
        try {
            String text = typed.writeValueAsString(value);
            if (value.toString().equals(String.valueOf(value(name, text)))) return text;
        } catch (JacksonException e) {
            // Of the other kind.
        }
        return plain.writeValueAsString(StoredException.of(value));
    }

    /**
     * Null for what cannot be read, by a version that has the class no more: Spring goes on as without it, where an error
     * would end every request of the session.
     */
    Object read(String name, String text) {
        try {
            return value(name, text);
        } catch (JacksonException | IllegalArgumentException | NullPointerException e) {
            LOG.warn("session attribute \"" + name + "\" cannot be read, and counts as absent ("
                    + e.getClass().getSimpleName() + ")");
            return null;
        }
    }

    private Object value(String name, String text) {
        if (isFlash(name)) return FlashMaps.unwrapped(plain.readValue(text, FlashMaps.class), this::flash);
        if (text.equals(CALLBACK)) return new DestructionCallbackBindingListener(null);
        if (text.startsWith(StoredBinding.BEGINNING)) {
            return plain.readValue(text, StoredBinding.class).restored(mapper);
        }
        if (typed == null) return null;
        if (text.startsWith(Passkeys.BEGINNING)) return passkeys == null ? null : passkeys.read(text);
        if (text.startsWith(StoredException.BEGINNING)) {
            return plain.readValue(text, StoredException.class).restored();
        }
        return typed.readValue(text, Object.class);
    }

    // --- flash attributes --------------------------------------------------------------------------------------------

    private FlashMaps.Text flash(String name, Object value) {
        String stored = mapper.storedName(name);
        if (!mapper.hasType(stored) && writes(name, value)) {
            check(name, value);
            return new FlashMaps.Text(true, text(name, value));
        }
        return new FlashMaps.Text(false, mapper.write(stored, value));
    }

    private Object flash(String name, FlashMaps.Text text) {
        return text.ofSpring() ? value(name, text.json()) : mapper.read(mapper.storedName(name), text.json());
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
