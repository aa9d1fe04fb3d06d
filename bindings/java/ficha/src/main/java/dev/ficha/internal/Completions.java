package dev.ficha.internal;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
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

    /** Submits a request; the future gets the packed answer, on the completion thread. */
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
        long id = lastId.incrementAndGet();
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
                // The native side keeps what it could not hand over; there may be memory again when it is asked next.
                Thread.yield();
            }
        }
        ended = true;
        abandon();
    }

    // Running out of memory at one answer leaves it, and those after it, to the next attempt.
    private void complete(byte[] batch) {
        int next = 0;
        while (next < batch.length) {
            try {
                var reader = new Unpacker(batch, next);
                complete(reader.getLong(), reader.getBytes());
                next = reader.position();
            } catch (OutOfMemoryError e) {
                Thread.yield();
            }
        }
    }

    private void complete(long id, byte[] answer) {
        if (id == 0) {
            deliverLog();
            return;
        }
        CompletableFuture<byte[]> future = pending.remove(id);
        if (future != null) future.complete(answer);
    }

    private void deliverLog() {
        var reader = new Unpacker(NativeJNI.takeLog(handle), 0);
        while (reader.hasMore()) {
            int level = reader.getByte();
            LOGGER.log(LEVELS[level], reader.getText());
        }
    }

    private void abandon() {
        byte[] closed = new Packer(32).put(Unpacker.ERROR).putInt(CLOSED).toBytes();
        for (Long id : pending.keySet()) {
            CompletableFuture<byte[]> future = pending.remove(id);
            if (future != null) future.complete(closed);
        }
    }
}
