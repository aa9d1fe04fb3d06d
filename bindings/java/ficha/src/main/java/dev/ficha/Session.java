package dev.ficha;

import dev.ficha.internal.Unpacker;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A session as this service sees it: an immutable snapshot. Times are those of the store's clock. Strings and attributes
 * are decoded when they are asked for.
 */
public final class Session {
    // Layout of a session's image: Session::write_image in session.hpp.
    private static final int GENERATION = 0;
    private static final int CREATED = 8;
    private static final int EXPIRES = 16;
    private static final int IDLE_DEADLINE = 24;
    private static final int IDLE_SECONDS = 32;
    private static final int AUTHENTICATED = 40;
    private static final int LEVEL = 48;
    private static final int ROLE_COUNT = 52;
    private static final int SCOPE_COUNT = 56;
    private static final int ATTRIBUTE_COUNT = 60;
    private static final int BODY_SIZE = 64;
    private static final int ID = 68;
    private static final int ID_LENGTH = 24;
    private static final int PROTECTED_COUNT = 92;
    private static final int BODY = 96;
    private static final int FIRST_ROLE = 3;

    private final byte[] bytes;
    private final int start;
    private final String token;

    Session(byte[] bytes, int start, String token) {
        this.bytes = bytes;
        this.start = start;
        this.token = token;
    }

    /** The public id: safe in logs, lists and admin tools. */
    public String id() {
        return new String(bytes, start + ID, ID_LENGTH, StandardCharsets.ISO_8859_1);
    }

    /**
     * The secret that the client presents, for Set-Cookie or the response body of a Bearer client; nowhere else. Known only
     * to the creation, login or rotation that issued it: empty on a session that was loaded.
     */
    public Optional<String> token() {
        return Optional.ofNullable(token);
    }

    /** Starts at 1, and grows by 1 with every write. */
    public long generation() {
        return longAt(GENERATION);
    }

    public Instant createdAt() {
        return Instant.ofEpochSecond(longAt(CREATED));
    }

    /** The absolute deadline. */
    public Instant expiresAt() {
        return Instant.ofEpochSecond(longAt(EXPIRES));
    }

    /** When the idle timeout would end the session if it is not used again, as known when it was read. */
    public Instant idleDeadline() {
        return Instant.ofEpochSecond(longAt(IDLE_DEADLINE));
    }

    /** Zero: no idle timeout. */
    public Duration idleTimeout() {
        return Duration.ofSeconds(longAt(IDLE_SECONDS));
    }

    /** When the principal last proved itself; empty: never. */
    public Optional<Instant> authenticatedAt() {
        long seconds = longAt(AUTHENTICATED);
        return seconds == 0 ? Optional.empty() : Optional.of(Instant.ofEpochSecond(seconds));
    }

    /** The assurance level, 0 to 3. */
    public int level() {
        return intAt(LEVEL);
    }

    /** "" = anonymous. */
    public String principal() {
        return text(0);
    }

    public boolean isAnonymous() {
        return length(0) == 0;
    }

    public String deviceAddress() {
        return text(1);
    }

    public String deviceUserAgent() {
        return text(2);
    }

    public List<String> roles() {
        return texts(FIRST_ROLE, intAt(ROLE_COUNT));
    }

    public List<String> scopes() {
        return texts(FIRST_ROLE + intAt(ROLE_COUNT), intAt(SCOPE_COUNT));
    }

    public boolean hasRole(String role) {
        return roles().contains(role);
    }

    public boolean hasScope(String scope) {
        return scopes().contains(scope);
    }

    /**
     * The attributes as native values, newly decoded: String, Boolean, Long, BigInteger, Double, List, Map (the caller's to
     * change) or null. Errors: {@link FichaException.InvalidArgument} for JSON nested too deeply.
     */
    public Map<String, Object> attributes() {
        var attributes = new LinkedHashMap<String, Object>();
        attributesJson().forEach((name, json) -> attributes.put(name, Json.read(name, json)));
        return attributes;
    }

    /** One attribute as a native value; null where there is none, or where it is JSON's null. */
    public Object attribute(String name) {
        return decoded(name, attributeJson(name));
    }

    /** The JSON text of one attribute, for a JSON library of the caller's; null where there is none. */
    public String attributeJson(String name) {
        return json(name, firstAttribute(), intAt(ATTRIBUTE_COUNT));
    }

    /** The JSON texts of all attributes, unmodifiable. */
    public Map<String, String> attributesJson() {
        return json(firstAttribute(), intAt(ATTRIBUTE_COUNT));
    }

    /**
     * Identity and authority that an adapter wrote ({@link NewSession#protectedAttribute}), as a native value; null where
     * there is none. Those of sessions that {@code list} returns are not shown.
     */
    public Object protectedAttribute(String name) {
        return decoded(name, protectedAttributeJson(name));
    }

    public String protectedAttributeJson(String name) {
        return json(name, firstProtected(), intAt(PROTECTED_COUNT));
    }

    /** The JSON texts of all of them, unmodifiable. */
    public Map<String, String> protectedAttributesJson() {
        return json(firstProtected(), intAt(PROTECTED_COUNT));
    }

    /** All of them as native values, newly decoded. */
    public Map<String, Object> protectedAttributes() {
        var attributes = new LinkedHashMap<String, Object>();
        protectedAttributesJson().forEach((name, json) -> attributes.put(name, Json.read(name, json)));
        return attributes;
    }

    /** Id and generation; neither token nor attributes. */
    @Override
    public String toString() {
        return "Session[" + id() + ", generation " + generation() + "]";
    }

    byte[] image() {
        return Arrays.copyOfRange(bytes, start, start + BODY + intAt(BODY_SIZE));
    }

    private int firstAttribute() {
        return FIRST_ROLE + intAt(ROLE_COUNT) + intAt(SCOPE_COUNT);
    }

    private int firstProtected() {
        return firstAttribute() + 2 * intAt(ATTRIBUTE_COUNT);
    }

    private static Object decoded(String name, String json) {
        return json == null ? null : Json.read(name, json);
    }

    // Of `count` pairs of name and JSON.
    private String json(String name, int first, int count) {
        for (int i = 0; i < count; i++) {
            if (text(first + 2 * i).equals(name)) return text(first + 2 * i + 1);
        }
        return null;
    }

    private Map<String, String> json(int first, int count) {
        var pairs = new LinkedHashMap<String, String>();
        for (int i = 0; i < count; i++) pairs.put(text(first + 2 * i), text(first + 2 * i + 1));
        return Collections.unmodifiableMap(pairs);
    }

    private long longAt(int offset) {
        return Unpacker.longAt(bytes, start + offset);
    }

    private int intAt(int offset) {
        return Unpacker.intAt(bytes, start + offset);
    }

    private int length(int index) {
        return intAt(BODY + 8 * index + 4);
    }

    private String text(int index) {
        int offset = start + BODY + intAt(BODY + 8 * index);
        return new String(bytes, offset, length(index), StandardCharsets.UTF_8);
    }

    private List<String> texts(int first, int count) {
        var texts = new ArrayList<String>(count);
        for (int i = 0; i < count; i++) texts.add(text(first + i));
        return Collections.unmodifiableList(texts);
    }
}
