package dev.ficha.internal;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Operations in flight of one native client, and the daemon thread that completes them. It holds no reference to the
 * FichaClient above it, which therefore can become unreachable.
 */
public final class Completions implements Runnable {
    private static final Logger LOGGER = System.getLogger("dev.ficha");
    private static final Level[] LEVELS = {Level.DEBUG, Level.INFO, Level.WARNING, Level.ERROR};
    private static final int CLOSED = 30;

    // An answer for which the heap had no room.
    private static final byte[] NO_MEMORY = {};

    private final long handle;
    private final Map<Long, CompletableFuture<byte[]>> pending = new ConcurrentHashMap<>();
    private final AtomicLong lastId = new AtomicLong();
    private final Thread thread;
    private volatile boolean ended;

    public Completions(long handle) {
        this.handle = handle;
        thread = new Thread(null, this, "ficha-completions", 0, false);
        thread.setDaemon(true);
        thread.setContextClassLoader(null);
        thread.start();
    }

    /** Submits a request; the future gets the packed answer, empty if the heap had no room, on the completion thread. */
    public CompletableFuture<byte[]> submit(byte[] request) {
        return register(id -> NativeJNI.submit(handle, id, request));
    }

    public CompletableFuture<byte[]> submitAuthorize(byte[] request) {
        return register(id -> NativeJNI.submitAuthorize(handle, id, request));
    }

    private interface Submit {
        void with(long id);
    }

    private CompletableFuture<byte[]> register(Submit submit) {
        var future = new CompletableFuture<byte[]>();
        Long id = lastId.incrementAndGet();
        pending.put(id, future);
        try {
            submit.with(id);
        } catch (Throwable e) {
            pending.remove(id);
            throw e;
        }
        if (ended) abandon();
        return future;
    }

    /** Closes the native client, and waits for the thread to have completed what was in flight. */
    public void close() {
        NativeJNI.close(handle);
        if (Thread.currentThread() == thread) return;
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) Thread.currentThread().interrupt();
    }

    /** close(), and the native memory with it: only when no call can come any more. */
    public void release() {
        close();
        NativeJNI.release(handle);
    }

    @Override
    public void run() {
        while (true) {
            try {
                byte[] batch = NativeJNI.awaitCompletions(handle);
                if (batch == null) break;
                complete(batch);
            } catch (OutOfMemoryError e) {
                drop();
            }
        }
        ended = true;
        abandon();
    }

    // (id (8), length (4), answer)…
    private void complete(byte[] batch) {
        int at = 0;
        while (at < batch.length) {
            long id = 0;
            int end = at;
            try {
                id = Unpacker.longAt(batch, at);
                int from = at + 12;
                end = from + Unpacker.intAt(batch, at + 8);
                if (id == 0) {
                    deliverLog();
                } else {
                    complete(id, Arrays.copyOfRange(batch, from, end));
                }
            } catch (OutOfMemoryError e) {
                fail(id);
            }
            at = end;
        }
    }

    private void complete(Long id, byte[] answer) {
        CompletableFuture<byte[]> future = pending.get(id);
        if (future != null) future.complete(answer);
        pending.remove(id);
    }

    // Whoever waits for an answer must hear: where even this finds no memory, it is tried until there is some.
    private void fail(long id) {
        while (id != 0) {
            try {
                complete(id, NO_MEMORY);
                return;
            } catch (OutOfMemoryError e) {
                Thread.yield();
            }
        }
    }

    private void drop() {
        while (true) {
            try {
                fail(NativeJNI.dropCompletion(handle));
                return;
            } catch (OutOfMemoryError e) {
                Thread.yield();
            }
        }
    }

    private void deliverLog() {
        var reader = new Unpacker(NativeJNI.takeLog(handle), 0);
        while (reader.hasMore()) {
            Level level = LEVELS[reader.getByte()];
            String message = reader.getText();
            try {
                LOGGER.log(level, message);
            } catch (RuntimeException e) {
                // A logger of the host's that fails must not end the thread that answers.
            }
        }
    }

    private void abandon() {
        byte[] closed = new Packer(32).put(Unpacker.ERROR).putInt(CLOSED).toBytes();
        for (Long id : pending.keySet()) complete(id, closed);
    }
}
