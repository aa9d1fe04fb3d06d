import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import dev.ficha.Decision;
import dev.ficha.FichaClient;
import dev.ficha.FichaException;
import dev.ficha.HttpRequest;
import dev.ficha.NewSession;
import dev.ficha.Patch;
import dev.ficha.Session;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Carries out, with the jar, the commands that ../README.md describes. */
public final class Endpoint {
    private static final Gson GSON =
            new GsonBuilder().serializeNulls().disableHtmlEscaping().create();

    private final FichaClient client;

    private Endpoint(FichaClient client) {
        this.client = client;
    }

    public static void main(String[] arguments) throws IOException {
        var out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        try (FichaClient client = FichaClient.open(arguments[0]);
                var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            var endpoint = new Endpoint(client);
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                out.println(
                        GSON.toJson(endpoint.answer(JsonParser.parseString(line).getAsJsonObject())));
            }
        }
    }

    private JsonObject answer(JsonObject command) {
        var answer = new JsonObject();
        try {
            answer.add("value", carryOut(command));
        } catch (FichaException e) {
            var error = new JsonObject();
            error.addProperty("code", e.code().number());
            error.addProperty("name", e.code().toString());
            error.addProperty("status", e.httpStatus());
            answer.add("error", error);
        }
        return answer;
    }

    private JsonElement carryOut(JsonObject command) {
        String id = text(command, "id");
        String principal = text(command, "principal");
        return switch (text(command, "op")) {
            case "create" -> describe(client.create(newSession(command)));
            case "load" ->
                client.load(text(command, "token"), true, flag(command, "fresh"))
                        .map(Endpoint::describe)
                        .orElse(JsonNull.INSTANCE);
            case "patch" -> new JsonPrimitive(client.patch(id, patch(command)));
            case "rotate" ->
                describe(client.rotate(
                        id,
                        Duration.ofSeconds(
                                command.has("grace") ? command.get("grace").getAsLong() : 0)));
            case "login" -> {
                Session current = command.has("token")
                        ? client.load(text(command, "token")).orElse(null)
                        : null;
                yield describe(client.login(current == null ? null : current.id(), newSession(command), true));
            }
            case "revoke" -> new JsonPrimitive(client.revoke(id));
            case "revoke_principal" -> new JsonPrimitive(client.revokePrincipal(principal, id));
            case "patch_principal" -> new JsonPrimitive(client.patchPrincipal(principal, patch(command)));
            case "list" -> {
                var sessions = new JsonArray();
                client.list(principal).forEach(session -> sessions.add(describe(session)));
                yield sessions;
            }
            case "authorize" -> describe(client.authorize(request(command)));
            default -> throw new IllegalArgumentException("no such operation");
        };
    }

    private static NewSession newSession(JsonObject command) {
        NewSession session =
                command.has("principal") ? NewSession.of(text(command, "principal")) : NewSession.anonymous();
        natives(command, "attributes").forEach(session::attribute);
        session.roles(names(command, "roles")).scopes(names(command, "scopes"));
        if (command.has("level")) session.level(command.get("level").getAsInt());
        if (command.has("device")) {
            List<String> device = names(command, "device");
            session.device(device.get(0), device.get(1));
        }
        return session;
    }

    private static Patch patch(JsonObject command) {
        var patch = Patch.create();
        natives(command, "set").forEach(patch::set);
        natives(command, "add").forEach(patch::add);
        names(command, "remove").forEach(patch::remove);
        if (command.has("increment")) {
            command.getAsJsonObject("increment").asMap().forEach((name, by) -> patch.increment(name, by.getAsLong()));
        }
        if (command.has("roles")) patch.roles(names(command, "roles"));
        if (command.has("expected_generation"))
            patch.expectedGeneration(command.get("expected_generation").getAsLong());
        return patch;
    }

    private static HttpRequest request(JsonObject command) {
        var request = HttpRequest.builder(text(command, "method"), text(command, "path"));
        for (JsonElement header : command.getAsJsonArray("headers")) {
            request.header(
                    header.getAsJsonArray().get(0).getAsString(),
                    header.getAsJsonArray().get(1).getAsString());
        }
        return request.build();
    }

    private static JsonObject describe(Decision decision) {
        var description = new JsonObject();
        description.addProperty("status", decision.status());
        description.addProperty("verdict", decision.verdict().toString());
        description.addProperty("reason", decision.reason().toString());
        description.add(
                "session",
                decision.session().<JsonElement>map(Endpoint::describe).orElse(JsonNull.INSTANCE));
        return description;
    }

    private static JsonElement describe(Session session) {
        var description = new JsonObject();
        description.addProperty("id", session.id());
        description.addProperty("token", session.token().orElse(null));
        description.addProperty("principal", session.principal());
        description.addProperty("generation", session.generation());
        description.addProperty("created_at", session.createdAt().getEpochSecond());
        description.addProperty("expires_at", session.expiresAt().getEpochSecond());
        description.addProperty("idle_seconds", session.idleTimeout().toSeconds());
        description.addProperty(
                "authenticated_at",
                session.authenticatedAt().map(Instant::getEpochSecond).orElse(0L));
        description.addProperty("level", session.level());
        description.add("device", texts(List.of(session.deviceAddress(), session.deviceUserAgent())));
        description.add("roles", texts(session.roles()));
        description.add("scopes", texts(session.scopes()));
        var attributes = new JsonObject();
        session.attributes().forEach((name, value) -> attributes.addProperty(name, GSON.toJson(value)));
        description.add("attributes", attributes);
        return description;
    }

    private static String text(JsonObject command, String name) {
        return command.has(name) ? command.get(name).getAsString() : null;
    }

    private static boolean flag(JsonObject command, String name) {
        return command.has(name) && command.get(name).getAsBoolean();
    }

    private static List<String> names(JsonObject command, String name) {
        var names = new ArrayList<String>();
        if (command.has(name)) command.getAsJsonArray(name).forEach(element -> names.add(element.getAsString()));
        return names;
    }

    private static JsonArray texts(Collection<String> texts) {
        var array = new JsonArray();
        texts.forEach(array::add);
        return array;
    }

    // Attributes arrive as JSON texts, and are given to the client as the values of a Java program.
    private static Map<String, Object> natives(JsonObject command, String name) {
        var values = new LinkedHashMap<String, Object>();
        if (command.has(name)) {
            command.getAsJsonObject(name)
                    .asMap()
                    .forEach((key, text) -> values.put(key, toNative(JsonParser.parseString(text.getAsString()))));
        }
        return values;
    }

    private static Object toNative(JsonElement element) {
        if (element.isJsonNull()) return null;
        if (element.isJsonArray())
            return element.getAsJsonArray().asList().stream()
                    .map(Endpoint::toNative)
                    .toList();
        if (element.isJsonObject()) {
            var map = new LinkedHashMap<String, Object>();
            element.getAsJsonObject().asMap().forEach((key, value) -> map.put(key, toNative(value)));
            return map;
        }
        JsonPrimitive primitive = element.getAsJsonPrimitive();
        if (primitive.isBoolean()) return primitive.getAsBoolean();
        if (primitive.isString()) return primitive.getAsString();
        BigDecimal number = primitive.getAsBigDecimal();
        boolean integer = primitive.getAsString().chars().noneMatch(c -> c == '.' || c == 'e' || c == 'E');
        if (!integer) return number.doubleValue();
        return number.toBigIntegerExact().bitLength() < Long.SIZE
                ? (Object) number.longValueExact()
                : number.toBigIntegerExact();
    }
}
