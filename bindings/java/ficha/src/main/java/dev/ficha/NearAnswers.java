package dev.ficha;

import dev.ficha.internal.Completions;
import dev.ficha.internal.NativeJNI;
import dev.ficha.internal.Packer;
import dev.ficha.internal.Unpacker;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/** The packed answers that one client can give without waiting for the store, and how the store is asked for the rest. */
final class NearAnswers {
    // Room for a usual session and the decision on it.
    private static final int USUAL_ANSWER = 512;

    private final FichaClient client;
    private final long handle;
    private final Completions completions;

    NearAnswers(FichaClient client, long handle, Completions completions) {
        this.client = client;
        this.handle = handle;
        this.completions = completions;
    }

    byte[] load(String text, boolean touch, boolean fresh) {
        byte[] token = text.getBytes(StandardCharsets.UTF_8);
        byte[] answer = new byte[USUAL_ANSWER];
        int size = NativeJNI.tryLoad(handle, token, touch, fresh, true, answer, answer.length);
        while (size < 0) {
            answer = new byte[-size];
            size = NativeJNI.tryLoad(handle, token, touch, fresh, true, answer, answer.length);
        }
        return answer;
    }

    // `keep`: what only the store can decide is to be submitted.
    byte[] decision(HttpRequest request, boolean keep) {
        Packer packed = request.packed();
        byte[] answer = new byte[USUAL_ANSWER];
        int size = NativeJNI.tryAuthorize(handle, packed.array(), packed.size(), keep, answer, answer.length);
        while (size < 0) {
            answer = new byte[-size];
            size = NativeJNI.tryAuthorize(handle, packed.array(), packed.size(), keep, answer, answer.length);
        }
        return answer;
    }

    // Only the store has the answer, and what was known already waits to be submitted.
    static boolean isUnknown(byte[] answer) {
        return answer[0] == Unpacker.UNKNOWN;
    }

    byte[] awaited(byte[] unknown) {
        return completions.submit(Unpacker.longAt(unknown, 1), Awaited::new).join();
    }

    <T> CompletableFuture<T> started(byte[] unknown, Function<byte[], T> decode) {
        return completions
                .submit(Unpacker.longAt(unknown, 1), () -> new AsyncAnswer<>(client, decode))
                .result();
    }

    private static final class Awaited extends CompletableFuture<byte[]> implements Completions.Receiver {
        @Override
        public void receive(byte[] answer) {
            complete(answer);
        }
    }
}
