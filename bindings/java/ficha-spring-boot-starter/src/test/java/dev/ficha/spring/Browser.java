package dev.ficha.spring;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;

/** A client that keeps the session's cookie, and sends what a browser sends along. Usable from several threads. */
final class Browser {
    private static final HttpClient HTTP =
            HttpClient.newBuilder().followRedirects(HttpClient.Redirect.NEVER).build();

    private final String origin;
    private volatile String cookie;
    private volatile String more;

    Browser(int port) {
        origin = "http://localhost:" + port;
    }

    private Browser(String origin, String cookie) {
        this.origin = origin;
        this.cookie = cookie;
    }

    /** Another holder of the same cookie. */
    Browser copy() {
        return new Browser(origin, cookie);
    }

    /** The same client, when the service is elsewhere. */
    Browser at(int port) {
        return new Browser("http://localhost:" + port, cookie);
    }

    HttpResponse<String> get(String path) {
        return send(request(path).GET());
    }

    HttpResponse<String> post(String path, String body) {
        return send(request(path)
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(BodyPublishers.ofString(body)));
    }

    HttpResponse<String> put(String path, String json) {
        return send(request(path).header("Content-Type", "application/json").PUT(BodyPublishers.ofString(json)));
    }

    HttpResponse<String> login(String user) {
        return post("/login", "username=" + user + "&password=secret");
    }

    /** Sends another cookie along as well. */
    Browser alsoSending(String pair) {
        more = pair;
        return this;
    }

    HttpRequest.Builder request(String path) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(origin + path))
                .timeout(Duration.ofSeconds(20))
                .header("Origin", origin);
        String sent = cookie == null ? more : more == null ? cookie : cookie + "; " + more;
        return sent == null ? request : request.header("Cookie", sent);
    }

    HttpResponse<String> send(HttpRequest.Builder request) {
        try {
            HttpResponse<String> response = HTTP.send(request.build(), BodyHandlers.ofString());
            for (String field : response.headers().allValues("Set-Cookie")) {
                if (field.startsWith("__Host-ficha=")) keep(field);
            }
            return response;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Of a Set-Cookie field. */
    private void keep(String field) {
        String pair = field.substring(0, field.indexOf(';'));
        cookie = pair.endsWith("=") ? null : pair;
    }

    /** The cookie's value; null: there is none. */
    String token() {
        return cookie == null ? null : cookie.substring(cookie.indexOf('=') + 1);
    }

    void present(String token) {
        cookie = "__Host-ficha=" + token;
    }

    static List<String> setCookies(HttpResponse<?> response) {
        return response.headers().allValues("Set-Cookie");
    }
}
