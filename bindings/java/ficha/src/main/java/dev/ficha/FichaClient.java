package dev.ficha;

import dev.ficha.internal.Completions;
import dev.ficha.internal.Native;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * Sessions in one store, and the policy on them.
 *
 * <p>Usable from any thread. A blocking call waits in Java, so a virtual thread that waits frees its carrier; the wait is
 * bounded by the configuration's operation timeout, an interrupt does not cut it short and stays set. The forms named
 * {@code …Async} give a future whose dependents run in the common pool, never on the thread that receives answers.
 *
 * <p>Every call may throw {@link FichaException.StoreException}; after {@link #close} every call throws
 * {@link FichaException.ClientClosed}. An abandoned client is cleaned up when it is collected.
 */
public final class FichaClient implements AutoCloseable {
    private static final Cleaner CLEANER = Cleaner.create();

    private static final byte[] NOTHING = {};

    private final long handle;
    private final boolean hasIdentityHeaders;
    private final boolean passesCredential;
    private final Completions completions;
    private final NearAnswers near;

    private FichaClient(long handle) {
        this.handle = handle;
        hasIdentityHeaders = Native.hasIdentityHeaders(handle);
        passesCredential = Native.passesCredential(handle);
        completions = new Completions(handle);
        near = new NearAnswers(this, handle, completions);
        CLEANER.register(this, completions::release);
    }

    /**
     * Opens a client by a URL ({@code redis://…}, {@code rediss://…}, {@code unix://…}, {@code memory://}) or the path of a
     * ficha.toml. It connects in the background: an unreachable Redis is an error of the calls. Errors: InvalidConfig.
     */
    public static FichaClient open(String urlOrPath) {
        return open(urlOrPath, List.of());
    }

    /**
     * {@code prefixes}: what proxies or servers take off the paths of this service, such as {@code /shop}. Each service's
     * own, so they are in no file.
     */
    public static FichaClient open(String urlOrPath, Collection<String> prefixes) {
        if (urlOrPath.contains("://")) return of(Map.of("redis.url", urlOrPath), prefixes);
        return open(Configuration.path(urlOrPath), prefixes, 0);
    }

    /** Opens a client by the text of a ficha.toml. Errors: InvalidConfig. */
    public static FichaClient ofToml(String toml) {
        return ofToml(toml, List.of());
    }

    public static FichaClient ofToml(String toml, Collection<String> prefixes) {
        return open(Configuration.toml(toml), prefixes, 0);
    }

    /**
     * Opens a client by settings under the names that they have in a ficha.toml, with their table: {@code redis.url},
     * {@code session.idle_timeout}, {@code rule[0].path}, … Values: Boolean, Integer, Long, String (also for durations and
     * choices), List of String; null is an empty table. Errors: InvalidConfig.
     */
    public static FichaClient of(Map<String, ?> settings) {
        return of(settings, List.of());
    }

    public static FichaClient of(Map<String, ?> settings, Collection<String> prefixes) {
        return open(Configuration.settings(settings), prefixes, 0);
    }

    /** For tests: with a clock that stands still until {@link #advanceClock}. */
    static FichaClient of(Map<String, ?> settings, long unixMilliseconds) {
        return open(Configuration.settings(settings), List.of(), unixMilliseconds);
    }

    /** For tests: with a clock that stands still until {@link #advanceClock}. */
    static FichaClient ofToml(String toml, Collection<String> prefixes, long unixMilliseconds) {
        return open(Configuration.toml(toml), prefixes, unixMilliseconds);
    }

    void advanceClock(Duration by) {
        with(() -> {
            Native.advanceClock(handle, by.toMillis());
            return null;
        });
    }

    private static FichaClient open(
            Configuration configuration, Collection<String> prefixes, long manualUnixMilliseconds) {
        byte[] takenOff = Operation.packed(packer -> packer.put(prefixes, "prefixes"));
        return new FichaClient(Answer.number(
                Native.open(configuration.source(), configuration.bytes(), takenOff, manualUnixMilliseconds)));
    }

    // --- sessions ---

    /** Makes a session; its token is known at this moment only. Errors: InvalidArgument, TOO_LARGE, SessionLimit. */
    public Session create(NewSession session) {
        return run(Operation.create(session));
    }

    public CompletableFuture<Session> createAsync(NewSession session) {
        return start(Operation.create(session));
    }

    /** The live session of a token; empty for an unknown, expired or revoked one: indistinguishable. */
    public Optional<Session> load(String token) {
        return load(token, true, false);
    }

    /**
     * {@code touch} false: the read does not extend the idle timeout (polling). {@code fresh}: ask Redis, whatever the near
     * cache holds.
     */
    public Optional<Session> load(String token, boolean touch, boolean fresh) {
        try {
            byte[] answer = near.load(token, touch, fresh);
            return Answer.session(NearAnswers.isUnknown(answer) ? near.awaited(answer) : answer);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** A hit in the near cache is a future that is complete already. */
    public CompletableFuture<Optional<Session>> loadAsync(String token, boolean touch, boolean fresh) {
        try {
            byte[] answer = near.load(token, touch, fresh);
            if (NearAnswers.isUnknown(answer)) return near.started(answer, Answer::session);
            return CompletableFuture.completedFuture(Answer.session(answer));
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * The live session of a public id, for those who administer sessions; asks the store, and does not extend the idle
     * timeout. Errors: InvalidArgument for what is no id.
     */
    public Optional<Session> find(String id) {
        return run(Operation.find(id));
    }

    public CompletableFuture<Optional<Session>> findAsync(String id) {
        return start(Operation.find(id));
    }

    /**
     * Changes one live session in one atomic step; its new generation. Errors: SessionGone, Conflict, AttributeExists,
     * InvalidArgument, TOO_LARGE.
     */
    public long patch(String id, Patch patch) {
        return run(Operation.patch(id, patch));
    }

    public CompletableFuture<Long> patchAsync(String id, Patch patch) {
        return start(Operation.patch(id, patch));
    }

    /**
     * The same session under a new token and id. The old token still leads to it for {@code grace}, 30 s at most, for
     * requests already under way. Errors: SessionGone.
     */
    public Session rotate(String id, Duration grace) {
        return run(Operation.rotate(id, grace));
    }

    public CompletableFuture<Session> rotateAsync(String id, Duration grace) {
        return start(Operation.rotate(id, grace));
    }

    /**
     * The principal's new session, always under a new token; the one of {@code currentId} (null: none) is revoked. If that is of
     * the same principal, its attributes move along; {@code keepAttributes} carries those of an anonymous one over, as the store
     * holds them at the moment it ends, never those of another principal. Errors: as create; SessionGone when a current session
     * of the same principal is no longer live.
     */
    public Session login(String currentId, NewSession session, boolean keepAttributes) {
        return run(Operation.login(currentId, session, keepAttributes));
    }

    public CompletableFuture<Session> loginAsync(String currentId, NewSession session, boolean keepAttributes) {
        return start(Operation.login(currentId, session, keepAttributes));
    }

    /** Ends a session: true once the store has acknowledged it, false if there was none. */
    public boolean revoke(String id) {
        return run(Operation.revoke(id));
    }

    public CompletableFuture<Boolean> revokeAsync(String id) {
        return start(Operation.revoke(id));
    }

    /** Ends all sessions of a principal, but for {@code exceptId} (null: none is spared); how many. */
    public long revokePrincipal(String principal, String exceptId) {
        return run(Operation.revokePrincipal(principal, exceptId));
    }

    public CompletableFuture<Long> revokePrincipalAsync(String principal, String exceptId) {
        return start(Operation.revokePrincipal(principal, exceptId));
    }

    /** The patch (set, remove, roles, scopes, device) on every live session of a principal; how many there were. */
    public long patchPrincipal(String principal, Patch patch) {
        return run(Operation.patchPrincipal(principal, patch));
    }

    public CompletableFuture<Long> patchPrincipalAsync(String principal, Patch patch) {
        return start(Operation.patchPrincipal(principal, patch));
    }

    /** The principal's live sessions, oldest first. */
    public List<Session> list(String principal) {
        return run(Operation.list(principal));
    }

    public CompletableFuture<List<Session>> listAsync(String principal) {
        return start(Operation.list(principal));
    }

    // --- decisions ---

    /** Whether the request may pass; what cannot be found out is {@link Verdict#UNAVAILABLE}. Errors: ClientClosed. */
    public Decision authorize(HttpRequest request) {
        try {
            byte[] answer = near.decision(request, true);
            return NearAnswers.isUnknown(answer) ? Answer.decision(near.awaited(answer)) : new Decision(answer);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** A hit in the near cache is a future that is complete already. */
    public CompletableFuture<Decision> authorizeAsync(HttpRequest request) {
        try {
            byte[] answer = near.decision(request, true);
            if (NearAnswers.isUnknown(answer)) return near.started(answer, Answer::decision);
            return CompletableFuture.completedFuture(new Decision(answer));
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** The decision, if it can be made without waiting for the store; null otherwise. */
    public Decision tryAuthorize(HttpRequest request) {
        try {
            byte[] answer = near.decision(request, false);
            return NearAnswers.isUnknown(answer) ? null : new Decision(answer);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** A requirement of the matched route or handler, judged on what {@link #authorize} returned. */
    public Decision require(Requirement requirement, Decision admitted) {
        if (!admitted.allowed()) return admitted;
        byte[] facts = admitted.facts();
        byte[] image = admitted.session().map(Session::image).orElse(NOTHING);
        byte[] answer = with(() -> Native.require(handle, requirement.packed(), joined(facts, image)));
        var judged = Answer.decision(answer, admitted);
        return judged.allowed() ? admitted : judged;
    }

    /**
     * Whether the request was judged by this, however it is written: for a second place of judgement, which otherwise asks
     * again with it among the readings. As {@link HttpRequest.Builder#reading}.
     */
    public boolean isJudged(HttpRequest request, String method, String target, boolean decoded) {
        var routed = new HttpRequest.Reading(method, target, decoded);
        return with(() -> Native.isJudged(handle, request.packed().toBytes(), Operation.packed(routed::pack)));
    }

    /**
     * Which rules decide about each route. A problem: a handler that is reached under requirements that differ between its
     * routes, or under no rule at all; a method that no rule lists; a pattern that cannot be read.
     */
    public List<RouteFinding> checkRoutes(List<Route> routes) {
        byte[] packed = Operation.packed(packer -> {
            packer.putInt(routes.size());
            for (Route route : routes) {
                packer.put(route.handler(), "handler").put(route.methods(), "methods");
                packer.put(route.pattern(), "pattern");
            }
        });
        return with(() -> Answer.findings(Native.checkRoutes(handle, packed)));
    }

    /** The names, in lower case, of every header field that a decision may depend on. */
    public List<String> judgedFields() {
        return with(() -> Answer.text(Native.judgedFields(handle)).lines().toList());
    }

    /** The rule and the reason in words. For tests and tools, never for clients. */
    public String explain(Decision decision) {
        return with(() -> Answer.text(Native.explain(handle, decision.facts())));
    }

    // --- HTTP ---

    /** The cookie for a session just issued; "Cache-Control: no-store" is due with it. */
    public ResponseCookie setCookie(Session issued) {
        String token = issued.token()
                .orElseThrow(() -> new FichaException.InvalidArgument("only a session just issued has its token"));
        byte[] bytes = joined(token.getBytes(StandardCharsets.ISO_8859_1), issued.image());
        return with(() -> Answer.cookie(Native.setCookie(handle, bytes)));
    }

    /** The cookie for a logout. */
    public ResponseCookie clearCookie() {
        return with(() -> Answer.cookie(Native.clearCookie(handle)));
    }

    private static byte[] joined(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    /** For {@code [csrf] mode = "token"}. Errors: InvalidArgument for a malformed token. */
    public String csrfToken(String token) {
        return with(() -> Answer.text(Native.csrfToken(handle, token.getBytes(StandardCharsets.UTF_8))));
    }

    /** The public id of the session that a token leads to, live or not; empty if it is no token of this configuration. */
    public Optional<String> idOf(String token) {
        return with(() -> Answer.textOrNone(Native.tokenId(handle, token.getBytes(StandardCharsets.UTF_8))));
    }

    /** Whether a client must not send this header, because services forward identity in it. */
    public boolean isIdentityHeader(String name) {
        return hasIdentityHeaders && with(() -> Native.isIdentityHeader(handle, name.getBytes(StandardCharsets.UTF_8)));
    }

    /** {@code [trust] pass_credential}: handlers see the session's cookie and its token. */
    public boolean passesCredential() {
        return passesCredential;
    }

    public Stats stats() {
        return with(() -> Stats.unpack(Native.stats(handle)));
    }

    /** Prometheus text exposition format 0.0.4; every metric is named {@code prefix}_…. */
    public String prometheus(String prefix) {
        return with(() -> Answer.text(Native.prometheus(handle, prefix.getBytes(StandardCharsets.UTF_8))));
    }

    /**
     * Ends the connection; what is in flight ends with ClientClosed, whoever waits for it. Idempotent. Waits for nothing but
     * the thread that receives answers.
     */
    @Override
    public void close() {
        try {
            completions.close();
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    private <T> T run(Operation<T> operation) {
        var answer = new CompletableFuture<byte[]>();
        return with(() -> {
            completions.submit(operation.request(), answer::complete);
            return operation.decode().apply(answer.join());
        });
    }

    private <T> CompletableFuture<T> start(Operation<T> operation) {
        var answer = new AsyncAnswer<>(this, operation.decode());
        completions.submit(operation.request(), answer);
        return answer.result();
    }

    private <T> T with(Supplier<T> use) {
        try {
            return use.get();
        } finally {
            Reference.reachabilityFence(this);
        }
    }
}
