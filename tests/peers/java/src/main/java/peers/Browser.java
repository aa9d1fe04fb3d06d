package peers;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Keeps cookies, and follows nothing by itself. */
final class Browser {
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private final String origin;
    private final Map<String, String> cookies = new TreeMap<>();

    Browser(int port) {
        origin = "http://localhost:" + port;
    }

    Browser another() {
        return new Browser(URI.create(origin).getPort());
    }

    void takeCookiesOf(Browser other) {
        cookies.putAll(other.cookies);
    }

    String origin() {
        return origin;
    }

    String get(String path) throws Exception {
        return outcome(send(request(path).GET()));
    }

    String post(String path, String form) throws Exception {
        return outcome(send(request(path)
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(BodyPublishers.ofString(form))));
    }

    String json(String path, String body) throws Exception {
        return send(request(path).header("Content-Type", "application/json").POST(BodyPublishers.ofString(body)))
                .body();
    }

    String login(String user) throws Exception {
        return post("/login", "username=" + user + "&password=secret");
    }

    /** Where a redirect leads, absolute; "" = nowhere. */
    String redirect(String path) throws Exception {
        return send(request(path).GET()).headers().firstValue("Location").orElse("");
    }

    private HttpRequest.Builder request(String path) {
        var request = HttpRequest.newBuilder(URI.create(path.startsWith("http") ? path : origin + path))
                .header("Accept", "text/html")
                .header("Origin", origin);
        if (!cookies.isEmpty()) {
            request.header(
                    "Cookie",
                    cookies.entrySet().stream().map(each -> each.getKey() + "=" + each.getValue()).collect(Collectors.joining("; ")));
        }
        return request;
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
        HttpResponse<String> response = HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
        for (String field : response.headers().allValues("Set-Cookie")) {
            String[] pair = field.substring(0, field.indexOf(';')).split("=", 2);
            if (pair[1].isEmpty() || field.contains("Max-Age=0")) cookies.remove(pair[0]);
            else cookies.put(pair[0], pair[1]);
        }
        return response;
    }

    /** Status, and where it leads or what it says: the same for two applications that behave the same. */
    private String outcome(HttpResponse<String> response) {
        String location = response.headers().firstValue("Location").orElse(null);
        if (location == null) return response.statusCode() + " " + response.body().strip();
        return response.statusCode() + " -> " + location.replace(origin, "");
    }
}
