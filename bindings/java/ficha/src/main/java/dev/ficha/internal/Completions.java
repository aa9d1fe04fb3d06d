package dev.ficha.internal;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

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

    /** Who waits for an answer. */
    public interface Receiver {
        /**
         * Called once, on the completion thread, with the packed answer, or with no bytes if the heap had no room for them.
         * Neither waits nor throws, whatever the heap holds.
         */
        void receive(byte[] answer);
    }

    // A key that can be looked for without making one.
    private static final class Id {
        private long value;

        Id(long value) {
            this.value = value;
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Id id && id.value == value;
        }

        @Override
        public int hashCode() {
            return Long.hashCode(value);
        }
    }

    private final long handle;
    private final Map<Id, Receiver> pending = new ConcurrentHashMap<>();
    private final Id wanted = new Id(0); // of the completion thread
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

    /** Submits a request; {@code receiver} gets the answer. */
    public void submit(byte[] request, Receiver receiver) {
        Id id = register(receiver);
        try {
            NativeJNI.submit(handle, id.value, request);
        } catch (Throwable e) {
            pending.remove(id);
            throw e;
        }
        if (ended) abandon();
    }

    /** Submits what a try left ({@link Unpacker#UNKNOWN}), which is freed in every case. */
    public <R extends Receiver> R submit(long unknown, Supplier<R> newReceiver) {
        R receiver;
        Id id;
        try {
            receiver = newReceiver.get();
            id = register(receiver);
        } catch (Throwable e) {
            NativeJNI.dropUnknown(unknown);
            throw e;
        }
        try {
            NativeJNI.submitUnknown(handle, id.value, unknown);
        } catch (Throwable e) {
            pending.remove(id);
            throw e;
        }
        if (ended) abandon();
        return receiver;
    }

    private Id register(Receiver receiver) {
        var id = new Id(lastId.incrementAndGet());
        pending.put(id, receiver);
        return id;
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
        // The JVM looks a native function up when it is called first, which takes memory.
        NativeJNI.dropCompletion(handle);
        while (true) {
            try {
                byte[] batch = NativeJNI.awaitCompletions(handle);
                if (batch == null) break;
                complete(batch);
            } catch (OutOfMemoryError e) {
                complete(NativeJNI.dropCompletion(handle), NO_MEMORY);
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
                complete(id, NO_MEMORY);
            }
            at = end;
        }
    }

    // Takes no memory: whoever waits for an answer must hear, and the first to find none left may be this thread.
    private void complete(long id, byte[] answer) {
        wanted.value = id;
        Receiver receiver = pending.remove(wanted);
        if (receiver != null) receiver.receive(answer);
    }

    private void deliverLog() {
        var reader = new Unpacker(NativeJNI.takeLog(handle), 0);
        while (reader.hasMore()) {
            Level level = LEVELS[reader.getByte()];
            String message = reader.getText();
            try {
                LOGGER.log(level, message);
            } catch (Throwable e) {
                // A logger of the host's that fails must not end the thread that answers.
            }
        }
    }

    private void abandon() {
        byte[] closed = new Packer(32).put(Unpacker.ERROR).putInt(CLOSED).toBytes();
        for (Id id : pending.keySet()) {
            Receiver receiver = pending.remove(id);
            if (receiver != null) receiver.receive(closed);
        }
    }
}
