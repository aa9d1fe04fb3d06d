package bank.statements;

import dev.ficha.FichaClient;
import dev.ficha.Patch;
import dev.ficha.Session;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;

/** The session as this service sees it. */
@RestController
class SessionController {
    private final FichaClient client;
    private final String instance;

    SessionController(FichaClient client, @Value("${bank.instance}") String instance) {
        this.client = client;
        this.instance = instance;
    }

    @GetMapping("/statements/health")
    Map<String, Object> health() {
        return Map.of("service", "statements", "instance", instance);
    }

    @GetMapping("/statements/session")
    Map<String, Object> show(Session session) {
        var view = new LinkedHashMap<String, Object>();
        view.put("service", "statements");
        view.put("instance", instance);
        view.put("principal", session.principal());
        view.put("roles", session.roles());
        view.put("scopes", session.scopes());
        view.put("authenticated_at", session.authenticatedAt().map(Instant::getEpochSecond).orElse(0L));
        view.put("attributes", session.attributes());
        return view;
    }

    // Any name and any JSON: HttpSession would want a Java value.
    @PutMapping("/statements/session/attributes/{name}")
    Map<String, Object> set(Session session, @PathVariable String name, @RequestBody String json) {
        return changed(session, Patch.create().setJson(name, json));
    }

    @DeleteMapping("/statements/session/attributes/{name}")
    Map<String, Object> remove(Session session, @PathVariable String name) {
        return changed(session, Patch.create().remove(name));
    }

    private Map<String, Object> changed(Session session, Patch patch) {
        client.patch(session.id(), patch);
        return show(client.find(session.id())
                .orElseThrow(() -> new ResponseStatusException(HttpStatus.UNAUTHORIZED, "the session has ended")));
    }
}
