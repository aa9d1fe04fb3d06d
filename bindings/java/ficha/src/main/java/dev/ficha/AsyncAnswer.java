package dev.ficha;

import dev.ficha.internal.Completions;
import java.lang.ref.Reference;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinTask;
import java.util.function.Function;

/**
 * The future of an operation under way: completed in the common pool, where its dependents then run. It completes however
 * full the heap is. What that takes exists before the operation begins, the failure included; CompletableFuture's own
 * asynchronous dependents would be lost when they find no memory.
 */
final class AsyncAnswer<T> extends ForkJoinTask<Void> implements Completions.Receiver {
    private static final long serialVersionUID = 1;

    // A common pool of no threads, as on one core, runs nothing by itself.
    private static final boolean POOLED = ForkJoinPool.getCommonPoolParallelism() > 0;

    // A CompletionException, which is passed on as it is.
    private static final CompletableFuture<?> NO_ROOM = CompletableFuture.failedFuture(
            new CompletionException(new OutOfMemoryError("the heap had no room for the answer")));

    // Reachable until the answer is there: its cleaner would free what the core still uses.
    private final transient FichaClient client;
    private final transient Function<byte[], T> decode;
    private final transient CompletableFuture<CompletableFuture<T>> answer = new CompletableFuture<>();
    private final transient CompletableFuture<T> result = answer.thenCompose(Function.identity());
    private transient byte[] packed;

    AsyncAnswer(FichaClient client, Function<byte[], T> decode) {
        this.client = client;
        this.decode = decode;
    }

    CompletableFuture<T> result() {
        return result;
    }

    @Override
    public void receive(byte[] bytes) {
        packed = bytes;
        try {
            if (POOLED) ForkJoinPool.commonPool().execute(this);
            else new Thread(this::exec, "ficha-dependent").start();
        } catch (Throwable e) { // no memory for it, or no thread
            answer.complete(noRoom());
        }
    }

    @Override
    protected boolean exec() {
        try {
            answer.complete(decoded());
        } catch (Throwable e) { // what is no RuntimeException here is a want of memory
            answer.complete(noRoom());
        }
        Reference.reachabilityFence(client);
        return true;
    }

    private CompletableFuture<T> decoded() {
        try {
            return CompletableFuture.completedFuture(decode.apply(packed));
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    @SuppressWarnings("unchecked") // a failure has no value
    private static <T> CompletableFuture<T> noRoom() {
        return (CompletableFuture<T>) NO_ROOM;
    }

    @Override
    public Void getRawResult() {
        return null;
    }

    @Override
    protected void setRawResult(Void value) {
        // There is none.
    }
}
