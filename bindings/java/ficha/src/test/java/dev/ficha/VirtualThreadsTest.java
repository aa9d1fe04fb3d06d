package dev.ficha;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Needs JDK 21 or newer. */
@Tag("virtual-threads")
@ExtendWith(NoLeakedHandles.class)
class VirtualThreadsTest {
    private static final int THREADS = 10_000;

    @TempDir
    Path directory;

    @Test
    void tenThousandWaitAtOnceWithoutPinningACarrier() throws Exception {
        Path recorded = directory.resolve("pinned.jfr");
        try (RedisServer redis = new RedisServer();
                FichaClient client = redis.client("redis.max_in_flight", 50_000);
                Recording recording = new Recording()) {
            recording.enable("jdk.VirtualThreadPinned").withoutThreshold();
            recording.start();
            String token = client.create(NewSession.of("alice").attribute("n", 7))
                    .token()
                    .orElseThrow();
            redis.pause();
            var executor = (ExecutorService)
                    Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
            var loads = new ArrayList<Future<Object>>();
            for (int i = 0; i < THREADS; i++) {
                loads.add(executor.submit(
                        () -> client.load(token, false, true).orElseThrow().attribute("n")));
            }
            // With all of them waiting for Redis, another one still runs: none of them holds its carrier.
            executor.submit(() -> {}).get(30, TimeUnit.SECONDS);
            redis.resume();
            for (Future<Object> load : loads) assertEquals(7L, load.get());
            executor.shutdown();
            recording.stop();
            recording.dump(recorded);
        }
        assertEquals(List.of(), RecordingFile.readAllEvents(recorded));
        Files.delete(recorded);
    }
}
