package dev.ficha;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

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

    /** Ends the server as an administrator does: the sessions are there again after {@link #start}. */
    public void stop() throws Exception {
        cli("SHUTDOWN", "SAVE");
        process.waitFor();
    }

    public void start() throws IOException {
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

    /** A client of it that bears a busy machine; {@code more}: names and values of settings. */
    public FichaClient client(Object... more) {
        return FichaClient.of(settings(url(), more));
    }

    /** The settings of such a client. */
    static Map<String, Object> settings(String url, Object... more) {
        var settings = new HashMap<String, Object>(Map.of(
                "redis.url",
                url,
                "redis.connect_timeout",
                "20s",
                "redis.command_timeout",
                "20s",
                "redis.operation_timeout",
                "50s"));
        for (int i = 0; i < more.length; i += 2) settings.put((String) more[i], more[i + 1]);
        return settings;
    }

    /** Sends one command, of texts and bytes, over a connection of its own; the first line of the reply. */
    public String command(Object... arguments) throws IOException {
        var command = new ByteArrayOutputStream();
        command.writeBytes(("*" + arguments.length + "\r\n").getBytes(StandardCharsets.US_ASCII));
        for (Object argument : arguments) {
            byte[] bytes =
                    argument instanceof byte[] raw ? raw : argument.toString().getBytes(StandardCharsets.UTF_8);
            command.writeBytes(("$" + bytes.length + "\r\n").getBytes(StandardCharsets.US_ASCII));
            command.writeBytes(bytes);
            command.writeBytes(new byte[] {'\r', '\n'});
        }
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.getOutputStream().write(command.toByteArray());
            return new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))
                    .readLine();
        }
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
