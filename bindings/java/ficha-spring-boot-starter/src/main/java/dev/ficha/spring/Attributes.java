package dev.ficha.spring;

import dev.ficha.NewSession;
import dev.ficha.Patch;
import dev.ficha.Session;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * The attributes of a session, by their names in the store: what lies there, what was made of it, and what is now. Those
 * that Spring itself writes lie apart, among the protected ones ({@link SpringValues}).
 */
final class Attributes {
    private static final class Slot {
        private String text; // in the store; null: nothing
        private Object read; // what was made of it
        private Object value; // now; null: not looked at, or removed
        private boolean removed;

        boolean isThere() {
            return value != null || (text != null && !removed);
        }

        // What lies in the store now, if this request has not changed it itself.
        void follow(String now) {
            if (removed || Objects.equals(text, now)) return;
            value = null;
            read = null;
        }

        void set(Object now) {
            value = now;
            removed = now == null;
        }
    }

    private final AttributeMapper mapper;
    private final SpringValues springs;
    private final Map<String, Slot> plain = new HashMap<>();
    private final Map<String, Slot> apart = new HashMap<>();
    private final List<BagOp> bagOps = new ArrayList<>();

    /** {@code value} null: the key is taken out. */
    private record BagOp(String bag, String key, Object value) {}

    Attributes(AttributeMapper mapper, SpringValues springs) {
        this.mapper = mapper;
        this.springs = springs;
    }

    /** What is in the store. */
    void stored(Session session) {
        plain.values().forEach(slot -> slot.text = null);
        apart.values().forEach(slot -> slot.text = null);
        session.attributesJson().forEach((name, json) -> slot(plain, name).text = json);
        session.protectedAttributesJson().forEach((name, json) -> {
            if (SpringValues.isApart(name)) slot(apart, name).text = json;
        });
    }

    /** The session of a login with these changes: what somebody else has written meanwhile is read anew. */
    void carriedOver(Session session, Changes changes) {
        plain.forEach((name, slot) -> {
            boolean own = changes.plain.containsKey(name) || bagOps.stream().anyMatch(op -> op.bag.equals(name));
            if (!own) slot.follow(session.attributeJson(name));
        });
        apart.forEach((name, slot) -> {
            if (!changes.apart.containsKey(name)) slot.follow(session.protectedAttributeJson(name));
        });
        stored(session);
    }

    private static Slot slot(Map<String, Slot> slots, String name) {
        return slots.computeIfAbsent(name, unused -> new Slot());
    }

    Object get(String attributeName) {
        String name = mapper.storedName(attributeName);
        String apartName = SpringValues.apartName(name);
        Slot slot = apart.get(apartName);
        if (slot != null && slot.isThere()) return valueOf(slot, () -> springs.read(name, slot.text));
        Slot other = plain.get(name);
        return other == null || !other.isThere() ? null : valueOf(other, () -> mapper.read(name, other.text));
    }

    private interface Read {
        Object get();
    }

    private static Object valueOf(Slot slot, Read read) {
        if (slot.value == null) {
            slot.read = read.get();
            slot.value = slot.read;
        }
        return slot.value;
    }

    /** Errors: IllegalArgumentException for a value that would not be read as what it is. */
    void set(String attributeName, Object value) {
        String name = mapper.storedName(attributeName);
        boolean ofSpring = springs.writes(name, value) && !mapper.hasType(name);
        if (ofSpring) springs.check(name, value);
        else check(name, value);
        remove(attributeName);
        slot(ofSpring ? apart : plain, ofSpring ? SpringValues.apartName(name) : name)
                .set(value);
    }

    // What was configured may be unable to read what it writes.
    private void check(String name, Object value) {
        String text = mapper.write(name, value);
        if (!mapper.hasType(name)) return;
        String again = mapper.write(name, mapper.read(name, text));
        if (!Patch.changed(Map.of(name, text), Map.of(name, again)).isEmpty()) {
            throw new IllegalArgumentException("session attribute \"" + name + "\": its type in ficha.attributes.types"
                    + " reads something else than it writes");
        }
    }

    /** Looks at nothing: what cannot be read can be removed. */
    void remove(String attributeName) {
        String name = mapper.storedName(attributeName);
        bagOps.removeIf(op -> op.bag.equals(name));
        if (plain.containsKey(name)) plain.get(name).set(null);
        String apartName = SpringValues.apartName(name);
        if (apart.containsKey(apartName)) apart.get(apartName).set(null);
    }

    Set<String> names() {
        var names = new LinkedHashSet<String>();
        plain.forEach((name, slot) -> {
            if (slot.isThere()) names.add(name);
        });
        apart.forEach((name, slot) -> {
            if (slot.isThere()) names.add(SpringValues.nameOf(name));
        });
        return names;
    }

    // --- bags ------------------------------------------------------------------------------------------------------

    /** A bag as it is now, unmodifiable. Errors: IllegalArgumentException where the attribute is something else. */
    Map<String, Object> bag(String bagName) {
        Object value = get(bagName);
        if (value == null) return Map.of();
        if (!(value instanceof Map<?, ?> map)) {
            throw new IllegalArgumentException("session attribute \"" + bagName + "\" is not a bag");
        }
        var bag = new LinkedHashMap<String, Object>();
        map.forEach((key, each) -> bag.put(String.valueOf(key), each));
        return Collections.unmodifiableMap(bag);
    }

    /** Null takes the key out. */
    void put(String bagName, String key, Object value) {
        var bag = new LinkedHashMap<>(bag(bagName));
        if (value == null) bag.remove(key);
        else bag.put(key, value);
        String name = mapper.storedName(bagName);
        Slot slot = slot(plain, name);
        // As if it were in the store already: the store changes this key, and no other.
        slot.text = mapper.write(name, bag);
        slot.read = mapper.read(name, slot.text);
        slot.set(slot.read);
        bagOps.add(new BagOp(name, key, value));
    }

    // --- what is written -------------------------------------------------------------------------------------------

    /** JSON texts that are new or say something else than those in the store. */
    record Changes(Map<String, String> plain, Map<String, String> apart) {
        static final Changes NONE = new Changes(Map.of(), Map.of());

        boolean isEmpty() {
            return plain.isEmpty() && apart.isEmpty();
        }
    }

    private interface Write {
        String text(String name, Object value);
    }

    /** Each attribute that may have changed is written once. */
    Changes changes() {
        return new Changes(
                changed(plain, mapper::write),
                changed(apart, (name, value) -> springs.write(SpringValues.nameOf(name), value)));
    }

    private static Map<String, String> changed(Map<String, Slot> slots, Write write) {
        var before = new HashMap<String, String>();
        var after = new HashMap<String, String>();
        slots.forEach((name, slot) -> {
            if (slot.value == null || (slot.value == slot.read && isImmutable(slot.value))) return;
            after.put(name, write.text(name, slot.value));
            if (slot.text != null) before.put(name, slot.text);
        });
        return Patch.changed(before, after);
    }

    private static boolean isImmutable(Object value) {
        return value instanceof String || value instanceof Number || value instanceof Boolean;
    }

    void addTo(NewSession session, Changes changes) {
        changes.plain.forEach(session::attributeJson);
        changes.apart.forEach(session::protectedAttributeJson);
    }

    /** Into a session that is not stored, bags go whole. */
    void addBagsTo(NewSession session) {
        for (BagOp op : bagOps) session.attributeJson(op.bag, plain.get(op.bag).text);
    }

    boolean isChanged(Changes changes) {
        return !changes.isEmpty() || !bagOps.isEmpty();
    }

    void addTo(Patch patch, Changes changes) {
        addRemovalsAndBagsTo(patch);
        changes.plain.forEach(patch::setJson);
        changes.apart.forEach(patch::setProtectedJson);
    }

    /** Of all that, what a login cannot say. */
    void addRemovalsAndBagsTo(Patch patch) {
        plain.forEach((name, slot) -> {
            if (slot.removed && slot.text != null) patch.remove(name);
        });
        apart.forEach((name, slot) -> {
            if (slot.removed && slot.text != null) patch.removeProtected(name);
        });
        for (BagOp op : bagOps) {
            if (op.value == null) patch.take(op.bag, op.key);
            else patch.put(op.bag, op.key, op.value);
        }
    }

    /** The store has them, and the removals and bags. */
    void written(Changes changes) {
        changes.plain.forEach((name, json) -> plain.get(name).text = json);
        changes.apart.forEach((name, json) -> apart.get(name).text = json);
        bagOps.clear();
        settle(plain);
        settle(apart);
    }

    private static void settle(Map<String, Slot> slots) {
        slots.values().removeIf(slot -> slot.removed);
        slots.values().forEach(slot -> slot.read = slot.value);
    }

    /** Everything but what has been set by this request since: of another principal's session nothing goes along. */
    void forget() {
        plain.clear();
        apart.clear();
        bagOps.clear();
    }
}
