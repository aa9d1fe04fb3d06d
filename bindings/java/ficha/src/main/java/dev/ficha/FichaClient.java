package dev.ficha;

import dev.ficha.internal.Completions;
import dev.ficha.internal.Native;
import dev.ficha.internal.NativeJNI;
import dev.ficha.internal.Packer;
import dev.ficha.internal.Unpacker;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ForkJoinPool;
import java.util.function.Function;
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

    // Kinds of request, as in requests.hpp.
    private static final int LOAD = 0;
    private static final int CREATE = 1;
    private static final int PATCH = 2;
    private static final int ROTATE = 3;
    private static final int LOGIN = 4;
    private static final int REVOKE = 5;
    private static final int REVOKE_PRINCIPAL = 6;
    private static final int PATCH_PRINCIPAL = 7;
    private static final int LIST = 8;
    private static final int FIND = 9;

    // Room for the decision on a usual session.
    private static final int USUAL_DECISION = 640;

    private final long handle;
    private final Completions completions;

    private FichaClient(long handle) {
        this.handle = handle;
        completions = new Completions(handle);
        CLEANER.register(this, completions::release);
    }

    /**
     * Opens a client by a URL ({@code redis://…}, {@code rediss://…}, {@code unix://…}, {@code memory://}) or the path of a
     * ficha.toml. It connects in the background: an unreachable Redis is an error of the calls. Errors: InvalidConfig.
     */
    public static FichaClient open(String urlOrPath) {
        if (!urlOrPath.contains("://")) return open(urlOrPath, true, 0);
        return ofToml("[redis]\nurl = " + tomlString(urlOrPath) + "\n");
    }

    /** Opens a client by the text of a ficha.toml. Errors: InvalidConfig. */
    public static FichaClient ofToml(String toml) {
        return open(toml, false, 0);
    }

    /** For tests: with a clock that stands still until {@link #advanceClock}. */
    static FichaClient ofToml(String toml, long unixMilliseconds) {
        return open(toml, false, unixMilliseconds);
    }

    void advanceClock(Duration by) {
        with(() -> {
            Native.advanceClock(handle, by.toMillis());
            return null;
        });
    }

    private static FichaClient open(String source, boolean isPath, long manualUnixMilliseconds) {
        byte[] bytes = argument(() -> Packer.utf8(source, "configuration"));
        return new FichaClient(number(Native.open(bytes, isPath, manualUnixMilliseconds)));
    }

    // A TOML basic string.
    private static String tomlString(String text) {
        var string = new StringBuilder("\"");
        text.chars().forEach(c -> {
            if (c < 0x20 || c == 0x7F || c == '"' || c == '\\') {
                string.append(String.format("\\u%04X", c));
            } else {
                string.append((char) c);
            }
        });
        return string.append('"').toString();
    }

    // --- sessions ---

    /** Makes a session; its token is known at this moment only. Errors: InvalidArgument, TOO_LARGE, SessionLimit. */
    public Session create(NewSession session) {
        return call(createRequest(session), FichaClient::issued);
    }

    public CompletableFuture<Session> createAsync(NewSession session) {
        return callAsync(createRequest(session), FichaClient::issued);
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
        byte[] bytes = token.getBytes(StandardCharsets.UTF_8);
        byte[] known = tryLoad(bytes, touch, fresh);
        return known.length != 0 ? loaded(known) : call(loadRequest(bytes, touch, fresh), FichaClient::loaded);
    }

    /** A hit in the near cache is a future that is complete already. */
    public CompletableFuture<Optional<Session>> loadAsync(String token, boolean touch, boolean fresh) {
        byte[] bytes = token.getBytes(StandardCharsets.UTF_8);
        byte[] known = tryLoad(bytes, touch, fresh);
        if (known.length != 0) return CompletableFuture.completedFuture(loaded(known));
        return callAsync(loadRequest(bytes, touch, fresh), FichaClient::loaded);
    }

    /**
     * The live session of a public id, for those who administer sessions; asks the store, and does not extend the idle
     * timeout. Errors: InvalidArgument for what is no id.
     */
    public Optional<Session> find(String id) {
        return call(findRequest(id), FichaClient::loaded);
    }

    public CompletableFuture<Optional<Session>> findAsync(String id) {
        return callAsync(findRequest(id), FichaClient::loaded);
    }

    private byte[] tryLoad(byte[] token, boolean touch, boolean fresh) {
        try {
            return NativeJNI.tryLoad(handle, token, touch, fresh);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Changes one live session in one atomic step; its new generation. Errors: SessionGone, Conflict, AttributeExists,
     * InvalidArgument, TOO_LARGE.
     */
    public long patch(String id, Patch patch) {
        return call(patchRequest(id, patch), FichaClient::number);
    }

    public CompletableFuture<Long> patchAsync(String id, Patch patch) {
        return callAsync(patchRequest(id, patch), FichaClient::number);
    }

    /**
     * The same session under a new token and id. The old token still leads to it for {@code grace}, 30 s at most, for
     * requests already under way. Errors: SessionGone.
     */
    public Session rotate(String id, Duration grace) {
        return call(rotateRequest(id, grace), FichaClient::issued);
    }

    public CompletableFuture<Session> rotateAsync(String id, Duration grace) {
        return callAsync(rotateRequest(id, grace), FichaClient::issued);
    }

    /**
     * The principal's new session, always under a new token; {@code current} (null: none) is revoked. Attributes of a
     * {@code current} of the same principal move along; {@code keepAttributes} carries those of an anonymous one over, never
     * those of another principal. Errors: as create; SessionGone when {@code current} was revoked meanwhile.
     */
    public Session login(Session current, NewSession session, boolean keepAttributes) {
        return call(loginRequest(current, session, keepAttributes), FichaClient::issued);
    }

    public CompletableFuture<Session> loginAsync(Session current, NewSession session, boolean keepAttributes) {
        return callAsync(loginRequest(current, session, keepAttributes), FichaClient::issued);
    }

    /** Ends a session: true once the store has acknowledged it, false if there was none. */
    public boolean revoke(String id) {
        return call(revokeRequest(id), FichaClient::flag);
    }

    public CompletableFuture<Boolean> revokeAsync(String id) {
        return callAsync(revokeRequest(id), FichaClient::flag);
    }

    /** Ends all sessions of a principal, but for {@code exceptId} (null: none is spared); how many. */
    public long revokePrincipal(String principal, String exceptId) {
        return call(revokePrincipalRequest(principal, exceptId), FichaClient::number);
    }

    public CompletableFuture<Long> revokePrincipalAsync(String principal, String exceptId) {
        return callAsync(revokePrincipalRequest(principal, exceptId), FichaClient::number);
    }

    /** The patch (set, remove, roles, scopes, device) on every live session of a principal; how many there were. */
    public long patchPrincipal(String principal, Patch patch) {
        return call(patchPrincipalRequest(principal, patch), FichaClient::number);
    }

    public CompletableFuture<Long> patchPrincipalAsync(String principal, Patch patch) {
        return callAsync(patchPrincipalRequest(principal, patch), FichaClient::number);
    }

    /** The principal's live sessions, oldest first. */
    public List<Session> list(String principal) {
        return call(listRequest(principal), FichaClient::sessions);
    }

    public CompletableFuture<List<Session>> listAsync(String principal) {
        return callAsync(listRequest(principal), FichaClient::sessions);
    }

    // --- decisions ---

    /** Whether the request may pass. Never an error: what cannot be found out is {@link Verdict#UNAVAILABLE}. */
    public Decision authorize(HttpRequest request) {
        Decision known = tryAuthorize(request);
        if (known != null) return known;
        try {
            return decision(completions.submitAuthorize(request.packed()).join());
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** A hit in the near cache is a future that is complete already. */
    public CompletableFuture<Decision> authorizeAsync(HttpRequest request) {
        Decision known = tryAuthorize(request);
        if (known != null) return CompletableFuture.completedFuture(known);
        return decoded(completions.submitAuthorize(request.packed()), FichaClient::decision);
    }

    /** The decision, if it can be made without waiting for the store; null otherwise. */
    public Decision tryAuthorize(HttpRequest request) {
        try {
            byte[] answer = new byte[USUAL_DECISION];
            int size = NativeJNI.tryAuthorize(handle, request.packed(), answer);
            while (size < 0) {
                answer = new byte[-size];
                size = NativeJNI.tryAuthorize(handle, request.packed(), answer);
            }
            return size == 0 ? null : new Decision(answer, size);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** A requirement of the matched route or handler, judged on what {@link #authorize} returned. */
    public Decision require(Requirement requirement, Decision admitted) {
        byte[] wanted = argument(requirement::packed);
        return with(() -> decision(Native.require(handle, wanted, admitted.packed())));
    }

    // --- HTTP ---

    /** The value of Set-Cookie for a session just issued; "Cache-Control: no-store" is due with it. */
    public String setCookie(Session issued) {
        String token = issued.token()
                .orElseThrow(() -> new FichaException.InvalidArgument("only a session just issued has its token"));
        byte[] image = issued.image();
        byte[] bytes = Arrays.copyOf(token.getBytes(StandardCharsets.ISO_8859_1), token.length() + image.length);
        System.arraycopy(image, 0, bytes, token.length(), image.length);
        return with(() -> text(Native.setCookie(handle, bytes)));
    }

    /** The value of Set-Cookie for a logout. */
    public String clearCookie() {
        return with(() -> text(Native.clearCookie(handle)));
    }

    /** For {@code [csrf] mode = "token"}. Errors: InvalidArgument for a malformed token. */
    public String csrfToken(String token) {
        return with(() -> text(Native.csrfToken(handle, token.getBytes(StandardCharsets.UTF_8))));
    }

    /** The public id of the session that a token leads to, live or not; empty if it is no token of this configuration. */
    public Optional<String> idOf(String token) {
        byte[] answer = with(() -> Native.tokenId(handle, token.getBytes(StandardCharsets.UTF_8)));
        return answer[0] == Unpacker.NONE ? Optional.empty() : Optional.of(text(answer));
    }

    /** Whether a client must not send this header, because services forward identity in it. */
    public boolean isIdentityHeader(String name) {
        return with(() -> Native.isIdentityHeader(handle, name.getBytes(StandardCharsets.UTF_8)));
    }

    public Stats stats() {
        return with(() -> Stats.unpack(Native.stats(handle)));
    }

    /** Prometheus text exposition format 0.0.4; every metric is named {@code prefix}_…. */
    public String prometheus(String prefix) {
        return with(() -> text(Native.prometheus(handle, prefix.getBytes(StandardCharsets.UTF_8))));
    }

    /** Ends the connection; what is in flight completes with ClientClosed before this returns. Idempotent. */
    @Override
    public void close() {
        try {
            completions.close();
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    // --- requests ---

    private static byte[] loadRequest(byte[] token, boolean touch, boolean fresh) {
        return new Packer(80).put(LOAD).put(token).put(touch).put(fresh).toBytes();
    }

    private static byte[] findRequest(String id) {
        return argument(() -> new Packer(48).put(FIND).put(id, "id").toBytes());
    }

    private static byte[] createRequest(NewSession session) {
        return argument(() -> {
            var packer = new Packer(256).put(CREATE);
            session.pack(packer);
            return packer.toBytes();
        });
    }

    private static byte[] patchRequest(String id, Patch patch) {
        return patched(PATCH, id, "id", patch);
    }

    private static byte[] patchPrincipalRequest(String principal, Patch patch) {
        return patched(PATCH_PRINCIPAL, principal, "principal", patch);
    }

    private static byte[] patched(int kind, String whom, String what, Patch patch) {
        return argument(() -> {
            var packer = new Packer(256).put(kind).put(whom, what);
            patch.pack(packer);
            return packer.toBytes();
        });
    }

    private static byte[] rotateRequest(String id, Duration grace) {
        return argument(() -> new Packer(48)
                .put(ROTATE)
                .put(id, "id")
                .putLong(grace.getSeconds())
                .toBytes());
    }

    private static byte[] loginRequest(Session current, NewSession session, boolean keepAttributes) {
        return argument(() -> {
            var packer = new Packer(512).put(LOGIN);
            session.pack(packer);
            packer.put(current != null);
            if (current != null) packer.put(current.image());
            return packer.put(keepAttributes).toBytes();
        });
    }

    private static byte[] revokeRequest(String id) {
        return argument(() -> new Packer(48).put(REVOKE).put(id, "id").toBytes());
    }

    private static byte[] revokePrincipalRequest(String principal, String exceptId) {
        return argument(() -> {
            var packer = new Packer(128)
                    .put(REVOKE_PRINCIPAL)
                    .put(principal, "principal")
                    .put(exceptId != null);
            if (exceptId != null) packer.put(exceptId, "id");
            return packer.toBytes();
        });
    }

    private static byte[] listRequest(String principal) {
        return argument(
                () -> new Packer(64).put(LIST).put(principal, "principal").toBytes());
    }

    private static <T> T argument(Supplier<T> pack) {
        try {
            return pack.get();
        } catch (IllegalArgumentException e) {
            throw new FichaException.InvalidArgument(e.getMessage());
        }
    }

    // --- answers ---

    private <T> T call(byte[] request, Function<byte[], T> decode) {
        return with(() -> decode.apply(completions.submit(request).join()));
    }

    private <T> CompletableFuture<T> callAsync(byte[] request, Function<byte[], T> decode) {
        return decoded(completions.submit(request), decode);
    }

    // The client stays reachable until the answer is there: its cleaner would free what the core still uses.
    private <T> CompletableFuture<T> decoded(CompletableFuture<byte[]> answer, Function<byte[], T> decode) {
        return answer.thenApplyAsync(bytes -> with(() -> decode.apply(bytes)), ForkJoinPool.commonPool());
    }

    private <T> T with(Supplier<T> use) {
        try {
            return use.get();
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    private static byte[] checked(byte[] answer) {
        if (answer[0] != Unpacker.ERROR) return answer;
        var reader = new Unpacker(answer, 1);
        ErrorCode code = ErrorCode.of(reader.getInt());
        throw FichaException.of(code, code == ErrorCode.CLOSED ? "the client was closed" : reader.rest());
    }

    private static Optional<Session> loaded(byte[] answer) {
        return checked(answer)[0] == Unpacker.NONE ? Optional.empty() : Optional.of(new Session(answer, 1, null));
    }

    private static Session issued(byte[] answer) {
        checked(answer);
        int tokenLength = 56;
        String token = new String(answer, 1, tokenLength, StandardCharsets.ISO_8859_1);
        Arrays.fill(answer, 1, 1 + tokenLength, (byte) 0);
        return new Session(answer, 1 + tokenLength, token);
    }

    private static long number(byte[] answer) {
        return Unpacker.longAt(checked(answer), 1);
    }

    private static boolean flag(byte[] answer) {
        return checked(answer)[1] != 0;
    }

    private static List<Session> sessions(byte[] answer) {
        var reader = new Unpacker(checked(answer), 1);
        var sessions = new ArrayList<Session>();
        while (reader.hasMore()) sessions.add(new Session(reader.getBytes(), 0, null));
        return List.copyOf(sessions);
    }

    private static Decision decision(byte[] answer) {
        checked(answer);
        return new Decision(answer, answer.length);
    }

    private static String text(byte[] answer) {
        return new Unpacker(checked(answer), 1).rest();
    }
}
