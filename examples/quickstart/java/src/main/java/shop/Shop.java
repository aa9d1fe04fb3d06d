package shop;

import dev.ficha.FichaClient;
import dev.ficha.NewSession;
import dev.ficha.Patch;
import dev.ficha.Session;
import dev.ficha.spring.FichaSession;
import jakarta.servlet.http.HttpSession;
import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A service with logins, on Ficha: {@code java -jar target/quickstart.jar ../ficha.toml 8080}.
 *
 * <p>Every request is decided on by the policy in ficha.toml before a handler sees it. Passwords are the only thing here that
 * a real service would do differently.
 */
@SpringBootApplication
@RestController
public class Shop {
    record User(String password, List<String> roles) {}

    private static final Map<String, User> USERS = Map.of(
            "ada", new User("lovelace", List.of("customer", "operator")),
            "bob", new User("builder", List.of("customer")));

    private final FichaClient client;
    private final JsonMapper json;

    Shop(FichaClient client, JsonMapper json) {
        this.client = client;
        this.json = json;
    }

    public static void main(String[] arguments) {
        if (arguments.length != 2) {
            System.err.println("usage: java -jar quickstart.jar FICHA.TOML PORT");
            System.exit(2);
        }
        SpringApplication.run(Shop.class, "--ficha.config=" + arguments[0], "--server.port=" + arguments[1]);
        System.out.println("listening on http://localhost:" + arguments[1]);
    }

    @GetMapping("/")
    Map<String, String> hello() {
        return Map.of("hello", "see POST /login");
    }

    @PostMapping("/login")
    ResponseEntity<?> login(InputStream body, FichaSession session) {
        JsonNode form = json.readTree(body);
        String name = form.path("name").asString("");
        User user = USERS.get(name);
        if (user == null || !user.password.equals(form.path("password").asString(""))) {
            return ResponseEntity.status(HttpStatus.FORBIDDEN).body(Map.of("error", "wrong name or password"));
        }
        // A new token; what an anonymous visitor had collected comes along.
        session.login(NewSession.of(name).roles(user.roles));
        return ResponseEntity.ok(describe(session.stored().orElseThrow()));
    }

    @GetMapping("/me")
    Map<String, Object> me(Session session) {
        return describe(session);
    }

    // A name that a client chooses is a key in a bag: never the name of an attribute, which may mean something to a framework.
    @PutMapping("/me/settings/{key}")
    Map<String, Long> set(Session session, @PathVariable String key, @RequestBody String value) {
        return Map.of("generation", client.patch(session.id(), Patch.create().putJson("settings", key, value)));
    }

    @GetMapping("/me/sessions")
    List<Map<String, Object>> sessions(Session session) {
        return client.list(session.principal()).stream()
                .map(each -> {
                    var described = describe(each);
                    described.put("current", each.id().equals(session.id()));
                    return described;
                })
                .toList();
    }

    @PostMapping("/logout")
    Map<String, Integer> logout(HttpSession session) {
        session.invalidate();
        return Map.of("logged_out", 1);
    }

    @PostMapping("/logout/everywhere")
    Map<String, Long> logoutEverywhere(Session current, HttpSession session) {
        long others = client.revokePrincipal(current.principal(), current.id());
        session.invalidate();
        return Map.of("logged_out", others + 1);
    }

    @GetMapping(path = "/metrics", produces = "text/plain; version=0.0.4")
    String metrics() {
        return client.prometheus("ficha");
    }

    private static Map<String, Object> describe(Session session) {
        var described = new LinkedHashMap<String, Object>();
        described.put("id", session.id());
        described.put("name", session.principal());
        described.put("roles", session.roles());
        described.put("attributes", session.attributes());
        described.put(
                "device", Map.of("address", session.deviceAddress(), "user_agent", session.deviceUserAgent()));
        described.put("created_at", session.createdAt().getEpochSecond());
        described.put("expires_at", session.expiresAt().getEpochSecond());
        return described;
    }
}
