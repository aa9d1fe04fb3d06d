package dev.ficha.internal;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;

/**
 * Finds the native library for this platform in the jar, copies it to a private directory, checks the copy and loads it.
 *
 * <p>{@code -Ddev.ficha.library.path=FILE} loads a library from the file system instead;
 * {@code -Ddev.ficha.tmpdir=DIRECTORY} says where to copy it to (default: {@code java.io.tmpdir}).
 */
public final class NativeLoader {
    static final String LIBRARY_PATH = "dev.ficha.library.path";
    static final String TMPDIR = "dev.ficha.tmpdir";
    private static final String NAME = "libficha_jni.so";
    private static final String OURS = "ficha: ";

    private NativeLoader() {}

    static void load() {
        String given = System.getProperty(LIBRARY_PATH);
        if (given != null) {
            loadAllowed(Path.of(given).toAbsolutePath());
            return;
        }
        String platform = platform(System.getProperty("os.name"), System.getProperty("os.arch"), isMusl());
        String resource = "/dev/ficha/native/" + platform + "/" + NAME;
        Path parent = Path.of(System.getProperty(TMPDIR, System.getProperty("java.io.tmpdir")));
        Path directory = null;
        try {
            byte[] library = read(resource, platform);
            verify(library, digestIn(read(resource + ".sha256", platform)), resource);
            directory = privateDirectory(parent);
            Path file = Files.write(directory.resolve(NAME), library);
            verify(Files.readAllBytes(file), sha256(library), file.toString());
            load(file);
        } catch (IOException e) {
            throw failure(
                    "the native library could not be copied to " + parent + "; -D" + TMPDIR
                            + " names another directory",
                    e);
        } finally {
            remove(directory);
        }
    }

    /** The directory of the jar that holds the natives of a platform. */
    static String platform(String osName, String osArch, boolean musl) {
        String os = osName.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]", "");
        String arch =
                switch (osArch.toLowerCase(Locale.ROOT)) {
                    case "amd64", "x86_64", "x64" -> "x86_64";
                    case "aarch64", "arm64" -> "aarch64";
                    default -> osArch.toLowerCase(Locale.ROOT);
                };
        return os + "-" + arch + (musl ? "-musl" : "");
    }

    // "digest  file", as sha256sum writes it.
    private static String digestIn(byte[] line) {
        return new String(line, StandardCharsets.US_ASCII).split(" ", 2)[0];
    }

    private static boolean isMusl() {
        Path maps = Path.of("/proc/self/maps");
        try {
            return Files.isReadable(maps) && Files.readString(maps).contains("/ld-musl-");
        } catch (IOException e) {
            return false;
        }
    }

    private static byte[] read(String resource, String platform) throws IOException {
        try (InputStream stream = NativeLoader.class.getResourceAsStream(resource)) {
            if (stream == null) {
                throw failure(
                        "this jar has no native library for the platform " + platform
                                + "; build one from the sources and name it by -D" + LIBRARY_PATH,
                        null);
            }
            return stream.readAllBytes();
        }
    }

    static void verify(byte[] content, String expectedSha256, String where) {
        if (!sha256(content).equals(expectedSha256)) {
            throw failure(where + " is damaged: its SHA-256 is not the one it was built with", null);
        }
    }

    static String sha256(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }

    private static Path privateDirectory(Path parent) throws IOException {
        var ownerOnly = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
        return Files.createTempDirectory(parent, "ficha-", ownerOnly);
    }

    private static void load(Path file) {
        try {
            loadAllowed(file);
        } catch (UnsatisfiedLinkError e) {
            if (String.valueOf(e.getMessage()).startsWith(OURS)) throw e;
            throw explained(e, file.getParent().getParent());
        }
    }

    // JDK 24 and later, with --illegal-native-access=deny.
    private static void loadAllowed(Path file) {
        try {
            System.load(file.toString());
        } catch (IllegalCallerException e) {
            throw new UnsatisfiedLinkError(OURS + "this JVM denies native access; start it with --enable-native-access="
                    + (NativeLoader.class.getModule().isNamed() ? "dev.ficha" : "ALL-UNNAMED"));
        }
    }

    /** What the dynamic linker's refusal means for a library copied to below the directory. */
    static UnsatisfiedLinkError explained(UnsatisfiedLinkError refusal, Path directory) {
        String message = String.valueOf(refusal.getMessage());
        if (message.contains("failed to map segment") || message.contains("Operation not permitted")) {
            return failure(
                    directory + " is mounted noexec; -D" + TMPDIR + " names a directory that allows execution",
                    refusal);
        }
        return failure("the native library does not fit this system", refusal);
    }

    // Once loaded, the file is not needed any more: the mapping keeps it alive.
    private static void remove(Path directory) {
        if (directory == null) return;
        try {
            Files.deleteIfExists(directory.resolve(NAME));
            Files.deleteIfExists(directory);
        } catch (IOException ignored) {
            // A file left in the temporary directory harms nobody.
        }
    }

    private static UnsatisfiedLinkError failure(String message, Throwable cause) {
        var error = new UnsatisfiedLinkError(OURS + message);
        error.initCause(cause);
        return error;
    }
}
