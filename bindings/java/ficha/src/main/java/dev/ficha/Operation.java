package dev.ficha;

import dev.ficha.internal.Packer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

/** What is asked of the store, packed as requests.hpp says, and how the answer reads. */
record Operation<T>(byte[] request, Function<byte[], T> decode) {
    // In the order of requests.hpp.
    private enum Kind {
        CREATE,
        PATCH,
        ROTATE,
        LOGIN,
        REVOKE,
        REVOKE_PRINCIPAL,
        PATCH_PRINCIPAL,
        LIST,
        FIND
    }

    private static <T> Operation<T> of(Kind kind, Function<byte[], T> decode, Consumer<Packer> pack) {
        byte[] request = packed(packer -> pack.accept(packer.put(kind.ordinal())));
        return new Operation<>(request, decode);
    }

    /** The bytes that {@code pack} writes. Errors: InvalidArgument for a text that is not Unicode. */
    static byte[] packed(Consumer<Packer> pack) {
        var packer = new Packer(256);
        try {
            pack.accept(packer);
        } catch (IllegalArgumentException e) {
            throw new FichaException.InvalidArgument(e.getMessage());
        }
        return packer.toBytes();
    }

    static Operation<Session> create(NewSession session) {
        return of(Kind.CREATE, Answer::issued, session::pack);
    }

    static Operation<Optional<Session>> find(String id) {
        return of(Kind.FIND, Answer::session, packer -> packer.put(id, "id"));
    }

    static Operation<Long> patch(String id, Patch patch) {
        return of(Kind.PATCH, Answer::number, packer -> patch.pack(packer.put(id, "id")));
    }

    static Operation<Session> rotate(String id, Duration grace) {
        return of(Kind.ROTATE, Answer::issued, packer -> packer.put(id, "id").putLong(grace.getSeconds()));
    }

    static Operation<Session> login(String currentId, NewSession session, boolean keepAttributes) {
        return of(Kind.LOGIN, Answer::issued, packer -> {
            session.pack(packer);
            packer.put(currentId != null);
            if (currentId != null) packer.put(currentId, "id");
            packer.put(keepAttributes).put(session.keptProtected(), "keepProtected");
        });
    }

    static Operation<Boolean> revoke(String id) {
        return of(Kind.REVOKE, Answer::flag, packer -> packer.put(id, "id"));
    }

    static Operation<Long> revokePrincipal(String principal, String exceptId) {
        return of(Kind.REVOKE_PRINCIPAL, Answer::number, packer -> {
            packer.put(principal, "principal").put(exceptId != null);
            if (exceptId != null) packer.put(exceptId, "id");
        });
    }

    static Operation<Long> patchPrincipal(String principal, Patch patch) {
        return of(Kind.PATCH_PRINCIPAL, Answer::number, packer -> patch.pack(packer.put(principal, "principal")));
    }

    static Operation<List<Session>> list(String principal) {
        return of(Kind.LIST, Answer::sessions, packer -> packer.put(principal, "principal"));
    }
}
