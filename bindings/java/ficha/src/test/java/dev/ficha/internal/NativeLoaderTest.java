package dev.ficha.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ficha.ChildJvm;
import dev.ficha.FichaClient;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeLoaderTest {
    @TempDir
    Path directory;

    /** Opens a client; prints why it cannot, or "opened". */
    static final class Opens {
        public static void main(String[] arguments) {
            try {
                FichaClient.open("memory://").close();
                System.out.println("opened");
            } catch (UnsatisfiedLinkError e) {
                System.out.println(e.getMessage());
            }
        }
    }

    private static String opened(ChildJvm jvm) throws Exception {
        return jvm.run(Opens.class).output().strip();
    }

    private ChildJvm copyingTo(Path place) {
        return new ChildJvm("-Ddev.ficha.tmpdir=" + place);
    }

    private static String resource() {
        return "dev/ficha/native/"
                + NativeLoader.platform(System.getProperty("os.name"), System.getProperty("os.arch"), false)
                + "/libficha_jni.so";
    }

    private static byte[] library() throws IOException {
        try (InputStream stream = NativeLoaderTest.class.getResourceAsStream("/" + resource())) {
            return stream.readAllBytes();
        }
    }

    @Test
    void aPlatformIsNamedBySystemMachineAndLibc() {
        assertEquals("linux-x86_64", NativeLoader.platform("Linux", "amd64", false));
        assertEquals("linux-aarch64-musl", NativeLoader.platform("Linux", "arm64", true));
        assertEquals("macosx-aarch64", NativeLoader.platform("Mac OS X", "aarch64", false));
    }

    @Test
    void aPlatformThatTheJarHasNothingForIsNamed() throws Exception {
        assertEquals(
                "ficha: this jar has no native library for the platform linux-s390x; build one from the sources and name it"
                        + " by -Ddev.ficha.library.path",
                opened(new ChildJvm("-Dos.arch=s390x")));
    }

    @Test
    void theLibraryIsCopiedWhereItIsSaidAndNothingStaysThere() throws Exception {
        assertEquals("opened", opened(copyingTo(directory)));
        try (var left = Files.list(directory)) {
            assertEquals(List.of(), left.toList());
        }
    }

    @Test
    void aLibraryOfTheCallersIsLoadedInsteadOfTheJars() throws Exception {
        Path library = Files.write(directory.resolve("own.so"), library());
        assertEquals("opened", opened(new ChildJvm("-Ddev.ficha.library.path=" + library, "-Dos.arch=s390x")));
    }

    @Test
    void aDirectoryThatIsNotThereIsNamedWithTheWayOut() throws Exception {
        assertEquals(
                "ficha: the native library could not be copied to " + directory.resolve("missing")
                        + "; -Ddev.ficha.tmpdir names another directory",
                opened(copyingTo(directory.resolve("missing"))));
    }

    private static final String[] NAMESPACE = System.getProperty("user.name").equals("root")
            ? new String[] {"unshare", "--mount"}
            : new String[] {"unshare", "--user", "--map-root-user", "--mount"};

    // "$0 $@" runs with the directory mounted noexec, in a mount namespace of its own.
    private String mounting() {
        return "mount -t tmpfs -o noexec ficha-test " + directory + " && exec \"$0\" \"$@\"";
    }

    // Not in an unprivileged container.
    private boolean mayMount() throws Exception {
        var command = new ArrayList<>(List.of(NAMESPACE));
        command.addAll(List.of("sh", "-c", mounting(), "true"));
        try {
            return new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException noUnshareHere) {
            return false;
        }
    }

    @Test
    void aDirectoryMountedNoexecIsNamedWithTheWayOut() throws Exception {
        String expected = "ficha: " + directory
                + " is mounted noexec; -Ddev.ficha.tmpdir names a directory that allows execution";
        // The words of glibc's and of musl's dynamic linker.
        for (String refusal : List.of("failed to map segment from shared object", "Operation not permitted")) {
            var error = new UnsatisfiedLinkError("/x.so: /x.so: " + refusal);
            assertEquals(expected, NativeLoader.explained(error, directory).getMessage());
        }
        if (mayMount()) {
            assertEquals(expected, opened(copyingTo(directory).within(NAMESPACE).within("sh", "-c", mounting())));
        }
    }

    @Test
    void aLibraryThatDoesNotFitIsNotTakenForANoexecMount() {
        var error = new UnsatisfiedLinkError("/x.so: version `GLIBC_2.99' not found");
        assertEquals(
                "ficha: the native library does not fit this system",
                NativeLoader.explained(error, directory).getMessage());
    }

    @Test
    void aDamagedLibraryIsNotLoaded() throws Exception {
        byte[] damaged = library();
        damaged[damaged.length / 2] ^= 1;
        Path file = directory.resolve(resource());
        Files.createDirectories(file.getParent());
        Files.write(file, damaged);
        assertEquals(
                "ficha: /" + resource() + " is damaged: its SHA-256 is not the one it was built with",
                opened(new ChildJvm().preferring(directory)));
    }

    @Test
    void whatWasCopiedIsCheckedAgain() {
        byte[] content = {1, 2, 3};
        NativeLoader.verify(content, NativeLoader.sha256(content), "here");
        var error = assertThrows(
                UnsatisfiedLinkError.class,
                () -> NativeLoader.verify(new byte[] {1}, NativeLoader.sha256(content), "here"));
        assertTrue(error.getMessage().contains("here is damaged"));
    }

    // Older ones have no such option.
    @Test
    void aJvmThatDeniesNativeAccessIsToldTheOption() throws Exception {
        boolean denies = Runtime.version().feature() >= 24;
        ChildJvm jvm = denies ? new ChildJvm("--illegal-native-access=deny") : new ChildJvm();
        assertEquals(
                denies
                        ? "ficha: this JVM denies native access; start it with --enable-native-access=ALL-UNNAMED"
                        : "opened",
                opened(jvm.withoutNativeAccess()));
    }
}
