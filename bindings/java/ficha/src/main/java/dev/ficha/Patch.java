package dev.ficha;

import dev.ficha.internal.Native;
import dev.ficha.internal.Packer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Changes to a live session, applied as one atomic step in the order given; everything not named stays. Not for several
 * threads at once.
 */
public final class Patch {
    private enum Kind {
        SET,
        ADD,
        REMOVE,
        INCREMENT,
        PUT,
        TAKE
    }

    private record Op(Kind kind, String name, String json, long by, String key) {}

    private final List<Op> ops = new ArrayList<>();
    private final List<Op> protectedOps = new ArrayList<>();
    private Collection<String> roles;
    private Collection<String> scopes;
    private String[] device;
    private Long expectedGeneration;
    private Duration idleTimeout;
    private Duration absoluteTimeout;

    public static Patch create() {
        return new Patch();
    }

    private Patch() {}

    /**
     * What makes {@code before}, as it was read, into {@code after}: nested changes count, and attributes that did not change
     * are not written. Empty if nothing changed. Errors: InvalidArgument for a value that JSON cannot carry.
     */
    public static Patch difference(Map<String, String> before, Map<String, ?> after) {
        var patch = new Patch();
        for (String name : before.keySet()) {
            if (!after.containsKey(name)) patch.remove(name);
        }
        var texts = new LinkedHashMap<String, String>();
        after.forEach((name, value) -> texts.put(name, Json.write(name, value)));
        changed(before, texts).forEach(patch::setJson);
        return patch;
    }

    /**
     * Of the JSON texts {@code after}, those that are new or say something else than the one {@code before}: other blanks or
     * escapes, another order of members and 1.0 for 1 do not count. Errors: InvalidArgument naming the attribute, for what is
     * no JSON.
     */
    public static Map<String, String> changed(Map<String, String> before, Map<String, String> after) {
        var other = new LinkedHashMap<>(after);
        other.entrySet().removeIf(each -> each.getValue().equals(before.get(each.getKey())));
        if (other.isEmpty()) return other; // most of what was looked at
        var old = new LinkedHashMap<>(before);
        old.keySet().retainAll(other.keySet());
        byte[] packed = Operation.packed(packer -> {
            NewSession.pack(packer, old);
            NewSession.pack(packer, other);
        });
        String isChanged = Answer.text(Native.difference(packed));
        int at = 0;
        for (var each = other.keySet().iterator(); each.hasNext(); ) {
            each.next();
            if (isChanged.charAt(at++) == 0) each.remove();
        }
        return other;
    }

    /** Creates or replaces an attribute. Errors: InvalidArgument for a value that JSON cannot carry. */
    public Patch set(String name, Object value) {
        return setJson(name, Json.write(name, value));
    }

    public Patch setJson(String name, String json) {
        return op(new Op(Kind.SET, name, json, 0, ""));
    }

    /** Creates an attribute; AttributeExists if it is there. */
    public Patch add(String name, Object value) {
        return addJson(name, Json.write(name, value));
    }

    public Patch addJson(String name, String json) {
        return op(new Op(Kind.ADD, name, json, 0, ""));
    }

    /** Deletes an attribute; nothing happens if it is not there. */
    public Patch remove(String name) {
        return op(new Op(Kind.REMOVE, name, "", 0, ""));
    }

    /** Adds to an integer attribute (absent = 0); the result stays within 2^53. */
    public Patch increment(String name, long by) {
        return op(new Op(Kind.INCREMENT, name, "", by, ""));
    }

    /**
     * In a bag, which is an attribute that is a JSON object (absent = empty): sets one key. For names that clients choose,
     * which never are names of attributes. A key is 1 to 256 bytes of UTF-8, and a bag has at most 256. Errors:
     * InvalidArgument for a value that JSON cannot carry.
     */
    public Patch put(String bag, String key, Object value) {
        return putJson(bag, key, Json.write(bag, value));
    }

    public Patch putJson(String bag, String key, String json) {
        return op(new Op(Kind.PUT, bag, json, 0, key));
    }

    /** In a bag: removes one key; nothing happens if it is not there. */
    public Patch take(String bag, String key) {
        return op(new Op(Kind.TAKE, bag, "", 0, key));
    }

    /** As {@link NewSession#protectedAttribute}: for adapters. */
    public Patch setProtected(String name, Object value) {
        return setProtectedJson(name, Json.write(name, value));
    }

    public Patch setProtectedJson(String name, String json) {
        protectedOps.add(new Op(Kind.SET, name, json, 0, ""));
        return this;
    }

    public Patch removeProtected(String name) {
        protectedOps.add(new Op(Kind.REMOVE, name, "", 0, ""));
        return this;
    }

    /** Replaces all roles. */
    public Patch roles(Collection<String> names) {
        roles = List.copyOf(names);
        return this;
    }

    /** Replaces all scopes. */
    public Patch scopes(Collection<String> names) {
        scopes = List.copyOf(names);
        return this;
    }

    public Patch device(String address, String userAgent) {
        device = new String[] {address, userAgent};
        return this;
    }

    /** A new idle timeout, in whole seconds, zero for none; the session counts as used now. */
    public Patch idleTimeout(Duration timeout) {
        idleTimeout = timeout;
        return this;
    }

    /** A new absolute timeout, in whole seconds from now on; the session counts as used now. */
    public Patch absoluteTimeout(Duration timeout) {
        absoluteTimeout = timeout;
        return this;
    }

    /** Conflict if the stored generation differs. */
    public Patch expectedGeneration(long generation) {
        expectedGeneration = generation;
        return this;
    }

    public boolean isEmpty() {
        return ops.isEmpty()
                && protectedOps.isEmpty()
                && roles == null
                && scopes == null
                && device == null
                && idleTimeout == null
                && absoluteTimeout == null;
    }

    private Patch op(Op op) {
        ops.add(op);
        return this;
    }

    private static void pack(Packer packer, List<Op> ops) {
        packer.putInt(ops.size());
        for (Op op : ops) {
            packer.put(op.kind.ordinal()).put(op.name, "attribute name");
            packer.put(op.json, "attribute \"" + op.name + "\"").putLong(op.by).put(op.key, "key");
        }
    }

    void pack(Packer packer) {
        pack(packer, ops);
        pack(packer, protectedOps);
        packer.put(roles != null);
        if (roles != null) packer.put(roles, "roles");
        packer.put(scopes != null);
        if (scopes != null) packer.put(scopes, "scopes");
        packer.put(device != null);
        if (device != null) packer.put(device[0], "device").put(device[1], "device");
        packer.put(expectedGeneration != null);
        if (expectedGeneration != null) packer.putLong(expectedGeneration);
        NewSession.packSeconds(packer, idleTimeout);
        NewSession.packSeconds(packer, absoluteTimeout);
    }
}
