package bank.statements;

import dev.ficha.FichaClient;
import dev.ficha.Patch;
import dev.ficha.Session;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.http.HttpStatus;
import org.springframework.security.access.prepost.PreAuthorize;
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
    /** The one attribute for what the page's user notes. Names that users choose are keys in it, never attributes. */
    private static final String NOTES = "notes";

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
        view.put("notes", session.attributes().getOrDefault(NOTES, Map.of()));
        return view;
    }

    @PutMapping("/statements/session/notes/{key}")
    @PreAuthorize("hasAuthority('SCOPE_account')")
    Map<String, Object> set(Session session, @PathVariable String key, @RequestBody String json) {
        return changed(session, Patch.create().putJson(NOTES, key, json));
    }

    @DeleteMapping("/statements/session/notes/{key}")
    @PreAuthorize("hasAuthority('SCOPE_account')")
    Map<String, Object> remove(Session session, @PathVariable String key) {
        return changed(session, Patch.create().take(NOTES, key));
    }

    private Map<String, Object> changed(Session session, Patch patch) {
        client.patch(session.id(), patch);
        return show(client.find(session.id())
                .orElseThrow(() -> new ResponseStatusException(HttpStatus.UNAUTHORIZED, "the session has ended")));
    }
}
