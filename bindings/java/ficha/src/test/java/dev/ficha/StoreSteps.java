package dev.ficha;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.math.BigInteger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The steps of store.json, done on one client. */
final class StoreSteps {
    private final FichaClient client;
    private final Map<String, Session> issued = new HashMap<>();
    private Session shown;

    StoreSteps(FichaClient client) {
        this.client = client;
    }

    Session issued(String name) {
        return issued.get(name);
    }

    /** The session that the last step showed, or null. */
    Session shown() {
        return shown;
    }

    Object perform(Map<String, Object> step, String where) {
        shown = null;
        String principal = (String) step.get("principal");
        switch ((String) step.get("do")) {
            case "create" -> issue(step, client.create(newSession(step)), where);
            case "login" -> {
                String current = step.containsKey("current")
                        ? issued.get(step.get("current")).id()
                        : null;
                boolean keep = (Boolean) step.getOrDefault("keep_attributes", true);
                issue(step, client.login(current, newSession(step), keep), where);
            }
            case "rotate" -> {
                Duration grace = Optional.ofNullable(seconds(step, "grace")).orElse(Duration.ZERO);
                issue(step, client.rotate(id(step), grace), where);
            }
            case "load" -> {
                boolean touch = (Boolean) step.getOrDefault("touch", true);
                boolean fresh = (Boolean) step.getOrDefault("fresh", false);
                shown = client.load(token(step), touch, fresh).orElse(null);
                if (shown != null) assertEquals(Optional.empty(), shown.token(), where);
            }
            case "find" -> shown = client.find(id(step)).orElse(null);
            case "patch" -> {
                return client.patch(id(step), patch(step));
            }
            case "revoke" -> {
                return client.revoke(step.containsKey("id") ? (String) step.get("id") : id(step));
            }
            case "revoke_principal" -> {
                String keep =
                        step.containsKey("keep") ? issued.get(step.get("keep")).id() : null;
                return client.revokePrincipal(principal, keep);
            }
            case "patch_principal" -> {
                return client.patchPrincipal(principal, patch(step));
            }
            case "list" -> {
                return client.list(principal).stream().map(this::nameOf).toList();
            }
            case "show" -> shown = client.list(principal).get(((Long) step.get("index")).intValue());
            case "live" -> {
                var live = new HashMap<String, Object>();
                for (String name : Vectors.object(step, "expect").keySet()) {
                    String token = issued.get(name).token().orElseThrow();
                    live.put(name, client.load(token, false, true).isPresent());
                }
                return live;
            }
            case "advance" -> client.advanceClock(seconds(step, "seconds"));
            default -> throw new AssertionError("unknown step: " + where);
        }
        return null;
    }

    private void issue(Map<String, Object> step, Session session, String where) {
        assertEquals(Optional.of(session.id()), client.idOf(session.token().orElseThrow()), where);
        issued.put((String) step.get("as"), session);
        shown = session;
    }

    private String id(Map<String, Object> step) {
        return issued.get(step.get("session")).id();
    }

    private String token(Map<String, Object> step) {
        if (step.get("text") instanceof String text) return text;
        return issued.get(step.get("token")).token().orElseThrow();
    }

    private String nameOf(Session session) {
        for (var known : issued.entrySet()) {
            if (known.getValue().id().equals(session.id())) return known.getKey();
        }
        return "a session that no step made";
    }

    // --- what is given ---

    private NewSession newSession(Map<String, Object> step) {
        var session = NewSession.of((String) step.get("principal"))
                .roles(Vectors.strings(step, "roles"))
                .scopes(Vectors.strings(step, "scopes"))
                .level(((Long) step.getOrDefault("level", 0L)).intValue())
                .authenticated((Boolean) step.getOrDefault("authenticated", true))
                .idleTimeout(seconds(step, "idle_timeout"))
                .absoluteTimeout(seconds(step, "absolute_timeout"))
                .attributes(attributes(Vectors.object(step, "attributes")));
        attributes(Vectors.object(step, "protected")).forEach(session::protectedAttribute);
        if (step.containsKey("device")) {
            var device = Vectors.strings(step, "device");
            session.device(device.get(0), device.get(1));
        }
        return session;
    }

    /** In the order in which the languages that take named changes apply them. */
    private Patch patch(Map<String, Object> step) {
        var patch = Patch.create();
        attributes(Vectors.object(step, "set")).forEach(patch::set);
        attributes(Vectors.object(step, "add")).forEach(patch::add);
        Vectors.strings(step, "remove").forEach(patch::remove);
        attributes(Vectors.object(step, "increment")).forEach((name, by) -> patch.increment(name, (Long) by));
        Vectors.object(step, "put").forEach((bag, entries) -> attributes(asMap(entries))
                .forEach((key, value) -> patch.put(bag, key, value)));
        Vectors.object(step, "take")
                .forEach((bag, keys) -> ((List<?>) keys).forEach(key -> patch.take(bag, (String) key)));
        var apart = Vectors.object(step, "protected");
        attributes(Vectors.object(apart, "set")).forEach(patch::setProtected);
        Vectors.strings(apart, "remove").forEach(patch::removeProtected);
        if (step.containsKey("roles")) patch.roles(Vectors.strings(step, "roles"));
        if (step.containsKey("scopes")) patch.scopes(Vectors.strings(step, "scopes"));
        if (step.containsKey("device")) {
            var device = Vectors.strings(step, "device");
            patch.device(device.get(0), device.get(1));
        }
        if (step.get("expected_generation") instanceof Long generation) patch.expectedGeneration(generation);
        return patch.idleTimeout(seconds(step, "idle_timeout")).absoluteTimeout(seconds(step, "absolute_timeout"));
    }

    private static Duration seconds(Map<String, Object> step, String key) {
        return step.get(key) instanceof Long seconds ? Duration.ofSeconds(seconds) : null;
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> asMap(Object value) {
        return (Map<String, Object>) value;
    }

    Object nativeValue(Object value) {
        if (value instanceof List<?> list) {
            var parts = new ArrayList<Object>();
            list.forEach(part -> parts.add(nativeValue(part)));
            return parts;
        }
        if (!(value instanceof Map<?, ?> map)) return value;
        if (map.get("$integer") instanceof String digits) {
            var integer = new BigInteger(digits);
            return integer.bitLength() < Long.SIZE ? (Object) integer.longValue() : integer;
        }
        if (map.get("$text") instanceof List<?> run) {
            return ((String) run.get(0)).repeat(((Long) run.get(1)).intValue());
        }
        if (map.get("$token") instanceof String name) {
            return "x=" + issued.get(name).token().orElseThrow();
        }
        if (map.get("$nested") instanceof Long depth) {
            Object nested = new ArrayList<>();
            for (long i = 1; i < depth; i++) nested = new ArrayList<>(List.of(nested));
            return nested;
        }
        return attributes(asMap(value));
    }

    private Map<String, Object> attributes(Map<String, Object> given) {
        var attributes = new LinkedHashMap<String, Object>();
        given.forEach((name, value) -> {
            if (!name.equals("$each")) {
                attributes.put(name, nativeValue(value));
                return;
            }
            var each = (List<?>) value;
            for (long i = 0; i < (Long) each.get(0); i++)
                attributes.put(each.get(1) + "" + i, nativeValue(each.get(2)));
        });
        return attributes;
    }

    // --- what is shown ---

    /** A session's field by its name in the file. */
    static Object field(Session session, String name) {
        return switch (name) {
            case "principal" -> session.principal();
            case "anonymous" -> session.isAnonymous();
            case "authenticated" -> session.authenticatedAt().isPresent();
            case "roles" -> session.roles();
            case "scopes" -> session.scopes();
            case "device" -> List.of(session.deviceAddress(), session.deviceUserAgent());
            case "level" -> (long) session.level();
            case "generation" -> session.generation();
            case "attributes" -> session.attributes();
            case "protected" -> session.protectedAttributes();
            case "idle_seconds" -> session.idleTimeout().getSeconds();
            case "lifetime" ->
                Duration.between(session.createdAt(), session.expiresAt()).getSeconds();
            case "created_at" -> session.createdAt();
            case "authenticated_at" -> session.authenticatedAt().orElseThrow();
            case "expires_at" -> session.expiresAt();
            case "idle_deadline" -> session.idleDeadline();
            default -> throw new AssertionError(name + " is no field that this runner knows");
        };
    }
}
