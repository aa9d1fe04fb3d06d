package dev.ficha;

import dev.ficha.internal.Packer;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A session to be. What is not given is the core's default. Not for several threads at once. */
public final class NewSession {
    private final String principal;
    private final Map<String, String> attributes = new LinkedHashMap<>();
    private final Map<String, String> protectedAttributes = new LinkedHashMap<>();
    private Collection<String> roles = List.of();
    private Collection<String> scopes = List.of();
    private String deviceAddress = "";
    private String deviceUserAgent = "";
    private int level;
    private boolean authenticated = true;
    private Duration idleTimeout;
    private Duration absoluteTimeout;
    private String keptProtected = "";

    private NewSession(String principal) {
        this.principal = principal;
    }

    /** UTF-8, at most 256 bytes, no control characters. */
    public static NewSession of(String principal) {
        return new NewSession(principal);
    }

    public static NewSession anonymous() {
        return new NewSession("");
    }

    /** "" = anonymous. */
    public String principal() {
        return principal;
    }

    /** Errors: InvalidArgument for a value that JSON cannot carry. */
    public NewSession attribute(String name, Object value) {
        return attributeJson(name, Json.write(name, value));
    }

    public NewSession attributes(Map<String, ?> values) {
        values.forEach(this::attribute);
        return this;
    }

    public NewSession attributeJson(String name, String json) {
        attributes.put(name, json);
        return this;
    }

    /**
     * Identity or authority, which only an adapter for a framework writes: lies apart, where nothing that names an attribute
     * reaches it. At most 32, 64 KiB together. Errors: InvalidArgument for a value that JSON cannot carry.
     */
    public NewSession protectedAttribute(String name, Object value) {
        return protectedAttributeJson(name, Json.write(name, value));
    }

    public NewSession protectedAttributeJson(String name, String json) {
        protectedAttributes.put(name, json);
        return this;
    }

    /**
     * Of a login that carries the attributes of an anonymous session over: its protected ones whose names begin with this go
     * along. For what an adapter's framework keeps there of no identity; default: none.
     */
    public NewSession keepProtected(String prefix) {
        keptProtected = prefix;
        return this;
    }

    String keptProtected() {
        return keptProtected;
    }

    public NewSession roles(String... names) {
        return roles(List.of(names));
    }

    public NewSession roles(Collection<String> names) {
        roles = List.copyOf(names);
        return this;
    }

    public NewSession scopes(String... names) {
        return scopes(List.of(names));
    }

    public NewSession scopes(Collection<String> names) {
        scopes = List.copyOf(names);
        return this;
    }

    /** What the client says of itself; either may be empty. */
    public NewSession device(String address, String userAgent) {
        deviceAddress = address;
        deviceUserAgent = userAgent;
        return this;
    }

    /** Assurance level, 0 to 3. */
    public NewSession level(int level) {
        this.level = level;
        return this;
    }

    /** Whether the principal proves itself now; default: yes. */
    public NewSession authenticated(boolean authenticated) {
        this.authenticated = authenticated;
        return this;
    }

    /** In whole seconds; default: the configuration's. */
    public NewSession idleTimeout(Duration timeout) {
        idleTimeout = timeout;
        return this;
    }

    /** In whole seconds; default: the configuration's. */
    public NewSession absoluteTimeout(Duration timeout) {
        absoluteTimeout = timeout;
        return this;
    }

    void pack(Packer packer) {
        packer.put(principal, "principal").put(roles, "roles").put(scopes, "scopes");
        pack(packer, attributes);
        pack(packer, protectedAttributes);
        packer.put(deviceAddress, "device").put(deviceUserAgent, "device");
        packer.putInt(level).put(authenticated);
        packSeconds(packer, idleTimeout);
        packSeconds(packer, absoluteTimeout);
    }

    static void pack(Packer packer, Map<String, String> attributes) {
        packer.putInt(attributes.size());
        attributes.forEach((name, json) -> packer.put(name, "attribute name").put(json, "attribute \"" + name + "\""));
    }

    static void packSeconds(Packer packer, Duration duration) {
        packer.put(duration != null);
        if (duration != null) packer.putLong(duration.getSeconds());
    }
}
