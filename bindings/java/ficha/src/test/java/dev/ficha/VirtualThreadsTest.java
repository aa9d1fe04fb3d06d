package dev.ficha;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Needs JDK 21 or newer. */
@Tag("virtual-threads")
@ExtendWith(NoLeakedHandles.class)
class VirtualThreadsTest {
    private static final int THREADS = 10_000;

    @Test
    void tenThousandWaitAtOnceWithoutPinningACarrier() throws Exception {
        try (RedisServer redis = new RedisServer();
                FichaClient client = FichaClient.ofToml("[redis]\nurl = \"" + redis.url()
                        + "\"\nmax_in_flight = 50000\ncommand_timeout = \"30s\"\noperation_timeout = \"60s\"\n")) {
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
        }
    }
}
