package parity;

import dev.ficha.FichaClient;
import dev.ficha.NewSession;
import dev.ficha.Session;
import dev.ficha.spring.FichaSession;
import jakarta.servlet.http.HttpServletRequest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** What wire.json asks (tests/conformance/README.md). */
@RestController
class Wire {
    private final FichaClient client;

    Wire(FichaClient client) {
        this.client = client;
    }

    @RequestMapping("/wire/{action}")
    Map<String, Object> wire(@PathVariable String action, Session session, HttpServletRequest request) {
        switch (action) {
            case "put" -> request.getSession().setAttribute("kept", 1);
            case "logout" -> request.getSession().invalidate();
            case "gone" -> {
                request.getSession().setAttribute("kept", 1);
                client.revoke(session.id());
            }
            case "large" -> request.getSession().setAttribute("kept", "x".repeat(70_000));
            case "invalid" -> request.getSession().setAttribute("a\nb", 1);
            case "away" -> findNothing();
            default -> {}
        }
        return seen(session, request);
    }

    @RequestMapping("/wire/login")
    Map<String, Object> login(
            FichaSession session,
            @RequestHeader(name = "X-Login", defaultValue = "wanda") String login,
            HttpServletRequest request) {
        session.login(NewSession.of(login));
        return seen(null, request);
    }

    // A store that is away: nothing listens there.
    private static void findNothing() {
        try (FichaClient away = FichaClient.open("redis://127.0.0.1:1")) {
            away.create(NewSession.anonymous());
        }
    }

    private static Map<String, Object> seen(Session session, HttpServletRequest request) {
        var headers = new ArrayList<List<String>>();
        for (String name : Collections.list(request.getHeaderNames())) {
            for (String value : Collections.list(request.getHeaders(name))) headers.add(List.of(name, value));
        }
        var seen = new HashMap<String, Object>(Map.of("principal", "", "roles", List.of(), "headers", headers));
        seen.put("note", null);
        seen.put("path", request.getServletPath());
        if (session != null) {
            seen.put("principal", session.principal());
            seen.put("roles", session.roles());
            seen.put("note", session.attribute("note"));
        }
        return seen;
    }
}
