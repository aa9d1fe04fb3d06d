package dev.ficha.spring;

import dev.ficha.Requirement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The keys of ficha.toml, or the path of one. What is not given has the core's default.
 *
 * @param config path of a ficha.toml, as other services have it; beside it, properties of redis do not count, those of
 *     attributes do, and others are a mistake
 * @param prefixes what proxies take off the paths of this service, such as /shop, and say in X-Forwarded-Prefix; the
 *     context path is one by itself
 * @param redis where the sessions are
 * @param nearCache sessions kept in this process
 * @param session timeouts and limits
 * @param cookie what carries the token
 * @param csrf requests from foreign pages
 * @param cors browser applications of other origins
 * @param trust proxies, and headers that pass identity on
 * @param rules the policy: the first rule whose path and method match decides; with none at all, every request may pass,
 *     and Spring Security decides
 * @param attributes session attributes as JSON
 * @param routes check: print every route with the rule that judges it, and end the application, with status 1 if one has a
 *     problem
 */
@ConfigurationProperties("ficha")
public record FichaProperties(
        String config,
        @DefaultValue List<String> prefixes,
        @DefaultValue Redis redis,
        @DefaultValue NearCache nearCache,
        @DefaultValue Session session,
        @DefaultValue Cookie cookie,
        @DefaultValue Csrf csrf,
        @DefaultValue Cors cors,
        @DefaultValue Trust trust,
        @DefaultValue List<Rule> rules,
        @DefaultValue Attributes attributes,
        Routes routes) {

    /**
     * @param url redis://[user:password@]host[:port][/database], rediss://, unix://, or memory:// for a single process
     * @param namespace what every key in Redis begins with; services with the same one share their sessions
     * @param username goes before that of the URL
     * @param password goes before that of the URL
     * @param caFile PEM file of the authorities for rediss://; default: the system's
     * @param certificateFile PEM file of the client's certificate
     * @param keyFile PEM file of its private key
     * @param connectTimeout 1ms to 60s
     * @param commandTimeout 1ms to 60s
     * @param operationTimeout for the whole of a call; at least twice the command timeout
     * @param maxInFlight commands under way at once; what goes beyond is refused as overloaded
     */
    public record Redis(
            String url,
            String namespace,
            String username,
            String password,
            String caFile,
            String certificateFile,
            String keyFile,
            Duration connectTimeout,
            Duration commandTimeout,
            Duration operationTimeout,
            Integer maxInFlight) {}

    /**
     * @param enabled whether sessions are kept in this process, and dropped when Redis says that they have changed
     * @param maxStaleness how long a session may be served when the connection to Redis is cut or half open
     * @param maxEntries how many sessions are kept
     * @param maxBytes how much memory they may take
     */
    public record NearCache(Boolean enabled, Duration maxStaleness, Integer maxEntries, Long maxBytes) {}

    /**
     * @param idleTimeout a session that is not used for this long ends, up to a sixteenth later; 0s: no idle timeout; default:
     *     what Spring Boot has for sessions (spring.session.timeout, server.servlet.session.timeout)
     * @param absoluteTimeout and in any case after this long
     * @param maxPerPrincipal how many sessions a principal may have; 0: any number
     * @param onLimit what a login does when there are as many
     * @param writes what this service may do to attributes
     * @param mayWrite the attributes that this service may write: names, or beginnings of names followed by *; default: all
     * @param tokenKeys keys for the tokens' check, the same in every service; the first signs, all verify
     */
    public record Session(
            Duration idleTimeout,
            Duration absoluteTimeout,
            Integer maxPerPrincipal,
            OnLimit onLimit,
            Writes writes,
            List<String> mayWrite,
            List<String> tokenKeys) {}

    /** What a login does when the principal has as many sessions as it may have. */
    public enum OnLimit {
        EVICT_OLDEST("evict_oldest"),
        REFUSE("refuse");

        private final String text;

        OnLimit(String text) {
            this.text = text;
        }

        @Override
        public String toString() {
            return text;
        }
    }

    /** What is done with the routes when the application has started. */
    public enum Routes {
        CHECK
    }

    /** What a service may do to attributes that are there. */
    public enum Writes {
        ALL("all"),
        ADD_ONLY("add-only");

        private final String text;

        Writes(String text) {
            this.text = text;
        }

        @Override
        public String toString() {
            return text;
        }
    }

    /**
     * @param name a name with __Host- needs Secure and no domain
     * @param sameSite strict, lax or none
     * @param domain shares the cookie with subdomains; not with a __Host- name
     * @param persistent whether the cookie survives the browser's end, at most as long as the session
     * @param insecureHttp no Secure attribute, for development without TLS
     */
    public record Cookie(String name, String sameSite, String domain, Boolean persistent, Boolean insecureHttp) {}

    /**
     * @param mode origin, token or off
     * @param trustedOrigins origins whose pages may send requests that change something
     * @param header the header of mode token
     */
    public record Csrf(String mode, List<String> trustedOrigins, String header) {}

    /**
     * @param origins origins whose pages may read answers: https://app.example.org; or only *, without credentials
     * @param headers request fields that they may send besides the simple ones
     * @param maxAge how long a browser may keep the answer to a preflight
     * @param credentials whether cookies may be sent along
     */
    public record Cors(List<String> origins, List<String> headers, Duration maxAge, Boolean credentials) {}

    /**
     * @param proxies addresses or blocks whose X-Forwarded-Proto and X-Forwarded-Host count
     * @param identityHeaders header fields in which services pass identity on: removed from what clients send
     * @param passCredential whether handlers see the session's cookie and Bearer token, as a proxy in the service has to
     */
    public record Trust(List<String> proxies, List<String> identityHeaders, Boolean passCredential) {}

    /**
     * @param path * is one segment, ** any number
     * @param methods those it is for; default: GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS
     * @param allow who may pass at all
     * @param roles one of them is needed
     * @param scopes all of them are needed
     * @param level the least assurance level, 0 to 3
     * @param maxAuthAge how long ago the principal may have proved itself
     * @param fresh asks Redis, not the near cache
     * @param touch false: requests here do not keep the session alive
     */
    public record Rule(
            String path,
            List<String> methods,
            Requirement.Allow allow,
            List<String> roles,
            List<String> scopes,
            Integer level,
            Duration maxAuthAge,
            Boolean fresh,
            Boolean touch) {}

    /**
     * @param types by name of an attribute, the Java type it is read as: shop.Cart, java.util.List&lt;shop.Item&gt;
     */
    public record Attributes(@DefaultValue Map<String, String> types) {}
}
