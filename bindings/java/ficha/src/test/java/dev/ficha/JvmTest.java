package dev.ficha;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ficha.internal.Native;
import java.io.File;
import java.lang.ref.PhantomReference;
import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A JVM from its start to its exit, and a class loader within it. */
class JvmTest {
    private RedisServer redis;

    @BeforeEach
    void start() {
        redis = new RedisServer();
    }

    @AfterEach
    void stop() {
        redis.close();
    }

    /** Uses every native function. */
    static final class UsesEverything {
        public static void main(String[] arguments) {
            var settings = RedisServer.settings(arguments[0], "csrf.mode", "token", "rule[0].path", "/**");
            for (int round = 0; round < 3; round++) {
                try (FichaClient client = FichaClient.of(settings)) {
                    Session session = client.create(NewSession.of("alice").attribute("big", "x".repeat(20_000)));
                    String token = session.token().orElseThrow();
                    var request = HttpRequest.builder("GET", "/")
                            .header("Authorization", "Bearer " + token)
                            .build();
                    Decision decision = client.authorizeAsync(request).join();
                    for (int i = 0; i < 100; i++) decision = client.authorize(request);
                    ErrorResponse.to(client.require(Requirement.roles("admin"), decision));
                    ErrorResponse.to(ErrorCode.SESSION_GONE);
                    Patch.changed(Map.of("a", "1"), Map.of("a", "1.0"));
                    client.explain(decision);
                    client.setCookie(session);
                    client.clearCookie();
                    client.csrfToken(token);
                    client.idOf(token);
                    client.isIdentityHeader("X-User");
                    client.stats();
                    client.prometheus("ficha");
                    client.load(token);
                    client.find(session.id());
                    client.patch(session.id(), Patch.create().set("a", 1));
                    client.list("alice");
                    client.revoke(session.id());
                }
            }
            System.out.println("done");
        }
    }

    @Test
    void theJniChecksFindNothing() throws Exception {
        var outcome = new ChildJvm("-Xcheck:jni").run(UsesEverything.class, redis.url());
        assertTrue(outcome.output().contains("done"), outcome.output());
        assertFalse(outcome.output().contains("in native method"), outcome.output());
        assertFalse(outcome.output().contains("WARNING"), outcome.output());
        assertEquals(0, outcome.status());
    }

    /** Ends while operations are under way that will never be answered. */
    static final class ExitsInFlight {
        public static void main(String[] arguments) {
            FichaClient client = FichaClient.of(RedisServer.settings(arguments[0]));
            System.out.println("in flight");
            for (int i = 0; i < 100; i++) client.createAsync(NewSession.anonymous());
            var waits = new Thread(() -> client.create(NewSession.anonymous()));
            waits.setDaemon(true);
            waits.start();
            if (arguments[1].equals("exit")) System.exit(3);
        }
    }

    @Test
    void aJvmExitsWithOperationsInFlight() throws Exception {
        redis.pause();
        try {
            for (int round = 0; round < 5; round++) {
                var returned = new ChildJvm().run(ExitsInFlight.class, redis.url(), "return");
                assertEquals("in flight\n", returned.output());
                assertEquals(0, returned.status());
                var exited = new ChildJvm().run(ExitsInFlight.class, redis.url(), "exit");
                assertEquals("in flight\n", exited.output());
                assertEquals(3, exited.status());
            }
        } finally {
            redis.resume();
        }
    }

    /** Abandons clients without closing them, and waits until their native memory is back. */
    static final class Abandons {
        public static void main(String[] arguments) throws Exception {
            for (int i = 0; i < 20; i++) FichaClient.open("memory://").create(NewSession.of("alice"));
            while (Native.unreleasedHandles() > 0) {
                System.gc();
                Thread.sleep(10);
            }
            System.out.println("released");
        }
    }

    @Test
    void abandonedClientsAreCleanedUp() throws Exception {
        assertTrue(new ChildJvm().run(Abandons.class).output().contains("released"));
    }

    /** What an application does that is loaded by a class loader of its own: one client closed, one forgotten. */
    public static final class Application implements Runnable {
        private final String url;

        public Application(String url) {
            this.url = url;
        }

        @Override
        public void run() {
            try (FichaClient client = FichaClient.of(RedisServer.settings(url))) {
                client.createAsync(NewSession.of("alice")).join();
            }
            FichaClient.of(RedisServer.settings(url)).create(NewSession.of("bob"));
        }
    }

    /** Redeploys the application, and waits until nothing of it is left. */
    static final class Redeploys {
        public static void main(String[] arguments) throws Exception {
            var queue = new ReferenceQueue<ClassLoader>();
            for (int i = 0; i < 3; i++) {
                Reference<ClassLoader> gone = deployed(queue, arguments[0]);
                while (queue.remove(10) != gone) System.gc();
                while (mapped()) System.gc();
                System.out.println("unloaded");
            }
        }

        private static Reference<ClassLoader> deployed(ReferenceQueue<ClassLoader> queue, String url) throws Exception {
            var urls = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                    .map(Redeploys::url)
                    .toArray(URL[]::new);
            try (var loader = new URLClassLoader(urls, ClassLoader.getPlatformClassLoader())) {
                var application = loader.loadClass(Application.class.getName());
                // In a thread of its own: glibc keeps a library for the threads that used its thread-local objects.
                var thread = new Thread(
                        (Runnable) application.getConstructor(String.class).newInstance(url));
                thread.start();
                thread.join();
                return new PhantomReference<>(loader, queue);
            }
        }

        private static URL url(String entry) {
            try {
                return Path.of(entry).toUri().toURL();
            } catch (java.net.MalformedURLException e) {
                throw new AssertionError(e);
            }
        }

        private static boolean mapped() throws Exception {
            return Files.readString(Path.of("/proc/self/maps")).contains("libficha_jni");
        }
    }

    @Test
    void aClassLoaderIsCollectedAndItsLibraryUnmapped() throws Exception {
        var outcome = new ChildJvm().run(Redeploys.class, redis.url());
        assertEquals("unloaded\n".repeat(3), outcome.output());
    }
}
