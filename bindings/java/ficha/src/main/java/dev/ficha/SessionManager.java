package dev.ficha;

import java.time.Duration;
import java.util.Optional;

/**
 * Sessions by six static calls: a drop-in for the hand-written class of that name over a Redis client.
 *
 * <p>The id that {@link #create} returns is a token: a secret for its holder alone, of which Redis keeps only a digest. A
 * session ends by the idle timeout, and by the configuration's absolute timeout however busy it is. Nothing but a token
 * reads anything: another key of the same Redis is not a session.
 *
 * <p>By default the store is what the system property {@code dev.ficha.config} names (a URL, or the path of a ficha.toml),
 * or else {@code redis://127.0.0.1:6379/0}; one connection serves all threads.
 */
public class SessionManager {
    private static final String ATTRIBUTE = "data";

    private static FichaClient client;
    private static volatile Duration timeout;

    /** For callers that make an instance; the calls are static all the same. */
    public SessionManager() {}

    /** Uses this client from now on, and leaves closing it to the caller; null: the default one. */
    public static synchronized void use(FichaClient shared) {
        client = shared;
    }

    private static synchronized FichaClient client() {
        if (client == null)
            client = FichaClient.open(System.getProperty("dev.ficha.config", "redis://127.0.0.1:6379/0"));
        return client;
    }

    /** Makes a session that holds {@code data}; its id. */
    public static String create(String data) {
        NewSession session = NewSession.anonymous().attribute(ATTRIBUTE, data).idleTimeout(timeout);
        return client().create(session).token().orElseThrow();
    }

    /** Replaces the data. Errors: SessionGone if the session is no longer live; it never comes back. */
    public static void update(String id, String data) {
        String sessionId = find(id, false)
                .map(Session::id)
                .orElseThrow(() -> new FichaException.SessionGone("the session is no longer live"));
        client().patch(sessionId, Patch.create().set(ATTRIBUTE, data));
    }

    /** The data, and the idle timeout starts anew; null if there is no such session. */
    public static String get(String id) {
        return find(id, true)
                .map(session -> (String) session.attribute(ATTRIBUTE))
                .orElse(null);
    }

    /** Starts the idle timeout anew; nothing happens if there is no such session. */
    public static void refresh(String id) {
        find(id, true);
    }

    /** Ends the session; nothing happens if there is none. */
    public static void remove(String id) {
        Optional<String> sessionId = id == null ? Optional.empty() : client().idOf(id);
        sessionId.ifPresent(client()::revoke);
    }

    /** The idle timeout, in seconds, of sessions made from now on; null: the configuration's. */
    public static void setSessionTimeout(Integer seconds) {
        if (seconds != null && seconds <= 0)
            throw new FichaException.InvalidArgument("a session timeout is at least a second");
        timeout = seconds == null ? null : Duration.ofSeconds(seconds);
    }

    private static Optional<Session> find(String id, boolean touch) {
        return id == null ? Optional.empty() : client().load(id, touch, false);
    }
}
