package dev.ficha;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** A redis-server of our own on a free port. */
public final class RedisServer implements AutoCloseable {
    private final Path directory;
    private final int port;
    private Process process;

    public RedisServer() {
        try {
            directory = Files.createTempDirectory("ficha-redis-");
            try (var probe = new ServerSocket(0)) {
                port = probe.getLocalPort();
            }
            start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public String url() {
        return "redis://127.0.0.1:" + port + "/0";
    }

    private void start() throws IOException {
        process = new ProcessBuilder(
                        "redis-server",
                        "--port",
                        "" + port,
                        "--bind",
                        "127.0.0.1",
                        "--save",
                        "",
                        "--dir",
                        directory.toString())
                .redirectErrorStream(true)
                .start();
        var log = process.inputReader(StandardCharsets.UTF_8);
        for (String line = log.readLine(); ; line = log.readLine()) {
            if (line == null) throw new IOException("redis-server did not start");
            if (line.contains("Ready to accept connections")) return;
        }
    }

    /** Stops answering, without closing anything, until {@link #resume}. */
    public void pause() throws Exception {
        signal("STOP");
    }

    public void resume() throws Exception {
        signal("CONT");
    }

    private void signal(String name) throws Exception {
        new ProcessBuilder("kill", "-" + name, "" + process.pid()).start().waitFor();
    }

    public String cli(String... arguments) throws Exception {
        var command = new ArrayList<>(List.of("redis-cli", "-p", "" + port));
        command.addAll(List.of(arguments));
        Process cli = new ProcessBuilder(command).start();
        String output = new String(cli.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        cli.waitFor();
        return output;
    }

    @Override
    public void close() {
        process.destroyForcibly();
        try (var files = Files.walk(directory)) {
            process.waitFor();
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) Files.delete(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
