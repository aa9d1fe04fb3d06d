package dev.ficha;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A JVM of its own, of the same version, with the same classes. */
public final class ChildJvm {
    /** How it ended, and what it printed. */
    public record Outcome(int status, String output) {}

    private final List<String> wrapper = new ArrayList<>();
    private final List<String> options = new ArrayList<>();
    private String classPath = System.getProperty("java.class.path");

    public ChildJvm(String... options) {
        this.options.addAll(List.of(options));
        // Without it, JDK 24 and later warn.
        this.options.add("--enable-native-access=ALL-UNNAMED");
        this.options.add("-Djava.util.logging.config.file="
                + ChildJvm.class.getResource("/quiet-logging.properties").getPath());
    }

    /** As a JVM is started by those who do not know of the option. */
    public ChildJvm withoutNativeAccess() {
        options.removeIf(option -> option.startsWith("--enable-native-access"));
        return this;
    }

    /** Runs the command that starts the JVM as the last arguments of another one. */
    public ChildJvm within(String... command) {
        wrapper.addAll(List.of(command));
        return this;
    }

    /** Looks for classes and resources here first. */
    public ChildJvm preferring(Path directory) {
        classPath = directory + File.pathSeparator + classPath;
        return this;
    }

    /** Starts it; what it prints is to be read. */
    public Process start(Class<?> program, String... arguments) throws IOException {
        return process(program, arguments).start();
    }

    /** Runs it to its end, which comes within two minutes. */
    public Outcome run(Class<?> program, String... arguments) throws Exception {
        Path output = Files.createTempFile("ficha-jvm-", ".out");
        Process process =
                process(program, arguments).redirectOutput(output.toFile()).start();
        boolean ended = process.waitFor(120, TimeUnit.SECONDS);
        process.destroyForcibly().waitFor();
        String printed = Files.readString(output);
        Files.delete(output);
        assertTrue(ended, () -> "the JVM did not exit, but printed: " + printed);
        return new Outcome(process.exitValue(), printed);
    }

    private ProcessBuilder process(Class<?> program, String... arguments) {
        var command = new ArrayList<>(wrapper);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.addAll(List.of("-cp", classPath, program.getName()));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command).redirectErrorStream(true);
    }
}
