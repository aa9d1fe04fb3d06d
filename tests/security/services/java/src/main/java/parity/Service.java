package parity;

import dev.ficha.FichaClient;
import dev.ficha.NewSession;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.boot.web.server.servlet.context.ServletWebServerApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.event.EventListener;
import org.springframework.core.env.Environment;
import org.springframework.web.servlet.config.annotation.PathMatchConfigurer;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;
import org.springframework.web.util.pattern.PathPatternParser;

/** Arguments: the policy, tomcat or jetty, and "context" for an application that is deployed at a path. */
@SpringBootApplication
public class Service implements WebMvcConfigurer {
    private static final List<String> EVERYBODY = List.of("anonymous", "customer", "staff");
    private static final Map<String, List<String>> LABELS = Map.of(
            "secret", List.of("staff"),
            "capital", List.of("staff"),
            "account", List.of("customer", "staff"),
            "items_read", EVERYBODY,
            "items_write", List.of("staff"),
            "users", List.of("customer", "staff"),
            "closed", List.of(),
            "public", EVERYBODY);
    private static final List<String> ACTIONS = List.of("headers", "hide", "put", "login", "logout", "gone", "limit", "large", "invalid", "away");
    private static final List<String> SEEDS = List.of(
            "/secret", "/secret/7", "/secret/functional/7", "/secret/servlet/7", "/Capital/x", "/account/x",
            "/account/servlet/x", "/items", "/users", "/users/7", "/closed/x", "/public/x", "/",
            "/public/forward?to=/secret/7", "/public/forward?to=/account/x", "/public/include?to=/secret",
            "/public/async?to=/users/7", "/public/forward?to=/public/include%3Fto=/secret/7",
            "/public/view?to=/Capital/x");

    public static void main(String[] arguments) {
        var properties = new ArrayList<>(List.of(
                "--parity.policy=" + arguments[0],
                "--server.port=0",
                "--server.address=127.0.0.1",
                "--server.forward-headers-strategy=framework",
                "--spring.mvc.hiddenmethod.filter.enabled=true",
                "--spring.main.banner-mode=off",
                "--logging.level.root=OFF"));
        if (arguments[1].equals("jetty")) {
            properties.add("--spring.autoconfigure.exclude="
                    + "org.springframework.boot.tomcat.autoconfigure.servlet.TomcatServletWebServerAutoConfiguration");
        }
        if (List.of(arguments).contains("context")) properties.add("--server.servlet.context-path=/mount");
        SpringApplication.run(Service.class, properties.toArray(String[]::new));
    }

    @Bean(destroyMethod = "close")
    FichaClient client(Environment environment) throws IOException {
        String policy = Files.readString(Path.of(environment.getRequiredProperty("parity.policy")));
        return FichaClient.ofToml("[redis]\nurl = \"memory://\"\n" + policy, List.of("/mount"));
    }

    @Override
    public void configurePathMatch(PathMatchConfigurer configurer) {
        var parser = new PathPatternParser();
        parser.setCaseSensitive(false);
        configurer.setPatternParser(parser);
    }

    @EventListener
    void ready(ApplicationReadyEvent event) {
        var context = (ServletWebServerApplicationContext) event.getApplicationContext();
        var client = context.getBean(FichaClient.class);
        String path = context.getServletContext().getContextPath();
        String tokens = issue(client, "customer", NewSession.of("carl").roles("customer").attribute("note", "n\u00e4me"))
                + "," + issue(client, "staff", NewSession.of("stella").roles("staff"));
        String others = issue(client, "guest", NewSession.anonymous()) + ","
                + issue(client, "leaving", NewSession.of("leaving")) + "," + issue(client, "gone", NewSession.of("gone"));
        // Of an application that is deployed at a path, wire.json says nothing.
        String wire = path.isEmpty() ? ",\"wire\":{\"tokens\":{" + others + "},\"actions\":" + array(ACTIONS, "") + "}" : "";
        System.out.println("{\"port\":" + context.getWebServer().getPort() + ",\"tokens\":{" + tokens
                + "}" + wire + ",\"labels\":{" + LABELS.entrySet().stream()
                        .map(label -> quoted(label.getKey()) + ":" + array(label.getValue(), ""))
                        .collect(Collectors.joining(","))
                + "},\"seeds\":" + array(SEEDS, path) + "}");
        System.out.flush();
    }

    private static String issue(FichaClient client, String name, NewSession session) {
        return quoted(name) + ":" + quoted(client.create(session).token().orElseThrow());
    }

    private static String array(List<String> texts, String before) {
        return texts.stream().map(text -> quoted(before + text)).collect(Collectors.joining(",", "[", "]"));
    }

    private static String quoted(String text) {
        return '"' + text + '"';
    }
}
