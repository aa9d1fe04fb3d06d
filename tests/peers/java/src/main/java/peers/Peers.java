package peers;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * Each flow on Tomcat's own sessions and on Ficha, side by side: the same outcome, or a difference that the README of the
 * starter names. Arguments: the URL of a Redis, and that README. Prints "ok SENTENCE" or "FAILED SENTENCE" for each.
 */
final class Peers {
    /** What a browser sees, step by step. */
    private interface Flow {
        void run(Browser browser, List<String> outcomes) throws Exception;
    }

    private static final String WITHOUT_FICHA = "dev.ficha.spring.FichaAutoConfiguration,"
            + "dev.ficha.spring.FichaSecurityAutoConfiguration,dev.ficha.spring.FichaWebMvcAutoConfiguration,"
            + "dev.ficha.spring.FichaUnusedAutoConfiguration,dev.ficha.spring.FichaHealthAutoConfiguration,"
            + "dev.ficha.spring.FichaMetricsAutoConfiguration,dev.ficha.spring.FichaReactiveAutoConfiguration";

    private final Map<String, Flow> flows = new LinkedHashMap<>();
    /** By flow, a sentence of the README. */
    private final Map<String, String> differences = new LinkedHashMap<>();

    private Peers() {
        flows.put("a login with a password, the session, a logout", (browser, seen) -> {
            seen.add(browser.get("/me"));
            seen.add(browser.login("alice"));
            seen.add(browser.get("/me"));
            seen.add(browser.get("/user"));
            seen.add(browser.get("/domain").substring(0, 3));
            seen.add(browser.post("/logout", ""));
            seen.add(browser.get("/me"));
        });
        flows.put("a saved request is gone back to after the login", (browser, seen) -> {
            seen.add(browser.get("/user?x=1"));
            seen.add(browser.login("alice"));
        });
        flows.put("logins that failed, however, and a correct one after each", (browser, seen) -> {
            for (String user : List.of("locked", "disabled", "nobody")) {
                seen.add(browser.login(user));
                seen.add(browser.get("/public/why"));
                seen.add(browser.login("bob"));
                seen.add(browser.get("/me"));
                seen.add(browser.post("/logout", ""));
            }
        });
        flows.put("roles with spaces and of 300 characters", (browser, seen) -> {
            seen.add(browser.login("dora"));
            seen.add(browser.get("/me"));
            seen.add(browser.get("/domain"));
        });
        flows.put("3000 permissions", (browser, seen) -> {
            seen.add(browser.login("max"));
            seen.add(browser.get("/me"));
        });
        flows.put("a name of 300 characters", (browser, seen) -> seen.add(browser.login("n".repeat(300))));
        differences.put("a name of 300 characters", "at most 256 bytes");
        flows.put("OpenID Connect: login, user, authorized client, logout at the provider", Peers::openIdConnect);
        flows.put("a passkey: registration and login", Peers::passkey);
        flows.put("flash attributes with a form and what is wrong with it", (browser, seen) -> {
            seen.add(browser.post("/public/form", "name=&age=7"));
            seen.add(browser.get("/public/form"));
            seen.add(browser.get("/public/form"));
        });
        flows.put("the session's locale", (browser, seen) -> {
            seen.add(browser.get("/public/language?language=de-CH"));
            seen.add(browser.get("/public/language"));
        });
        flows.put("enum, UUID, Instant, array, records, BigDecimal and Kotlin's collections", (browser, seen) -> {
            seen.add(browser.post("/public/values", ""));
            seen.add(browser.get("/public/values"));
            seen.add(browser.post("/public/price", ""));
            seen.add(browser.get("/public/values"));
        });
        flows.put("ids and creation times, before, after and through a login", (browser, seen) -> {
            seen.add(browser.get("/public/ids"));
            seen.add(browser.get("/public/ids"));
            seen.add(browser.login("bob"));
            seen.add(browser.get("/public/ids"));
            seen.add(browser.get("/public/ids"));
            browser.post("/logout", "");
        });
        flows.put("who has too many sessions is told where the oldest is used", (browser, seen) -> {
            Browser second = browser.another();
            Browser third = browser.another();
            for (Browser each : List.of(browser, second, third)) seen.add(each.login("alice"));
            seen.add(browser.get("/me"));
            seen.add(second.get("/me"));
            for (Browser each : List.of(second, third)) each.post("/logout", "");
        });
        flows.put("and is told once", (browser, seen) -> {
            Browser second = browser.another();
            Browser third = browser.another();
            for (Browser each : List.of(browser, second, third)) each.login("alice");
            seen.add(browser.get("/me"));
            seen.add(browser.get("/public/hello"));
            for (Browser each : List.of(second, third)) each.post("/logout", "");
        });
        flows.put("a cookie of no session leads to invalidSessionUrl", (browser, seen) -> {
            Browser thief = browser.another();
            browser.login("alice");
            thief.takeCookiesOf(browser);
            browser.post("/logout", "");
            seen.add(thief.get("/me"));
            seen.add(thief.get("/public/hello"));
        });
    }

    private static void openIdConnect(Browser browser, List<String> seen) throws Exception {
        String authorize = browser.redirect("/oauth2/authorization/idp");
        String callback = browser.another().redirect(authorize);
        seen.add(browser.get(callback).replaceAll("\\?.*", ""));
        seen.add(browser.get("/oidc"));
        seen.add(browser.get("/me"));
        seen.add(browser.post("/logout", "").replaceAll("id_token_hint=ey[^&]*", "id_token_hint=…"));
        seen.add(browser.get("/oidc"));
    }

    private static void passkey(Browser browser, List<String> seen) throws Exception {
        var authenticator = new Authenticator(browser.origin().replaceAll(":[0-9]+$", ""));
        browser.login("bob");
        String options = browser.json("/webauthn/register/options", "");
        String user = field("id", options.substring(options.indexOf("\"user\"")));
        seen.add(browser.json("/webauthn/register", authenticator.registered(field("challenge", options))));
        browser.post("/logout", "");
        String challenge = field("challenge", browser.json("/webauthn/authenticate/options", ""));
        seen.add(browser.json("/login/webauthn", authenticator.asserted(challenge, user)));
        seen.add(browser.get("/me"));
        browser.post("/logout", "");
    }

    private static String field(String name, String json) {
        Matcher field = Pattern.compile("\"" + name + "\":\"([^\"]*)\"").matcher(json);
        return field.find() ? field.group(1) : "no " + name + " in " + json;
    }

    private static ConfigurableApplicationContext start(String... properties) {
        List<String> all = new ArrayList<>(List.of(
                "--server.port=0", "--spring.main.banner-mode=off", "--logging.level.root=ERROR"));
        for (String property : properties) all.add("--" + property);
        return SpringApplication.run(Shop.class, all.toArray(String[]::new));
    }

    private List<String> outcomes(Flow flow, ConfigurableApplicationContext shop) {
        var browser = new Browser(((WebServerApplicationContext) shop).getWebServer().getPort());
        var outcomes = new ArrayList<String>();
        try {
            flow.run(browser, outcomes);
        } catch (Exception e) {
            outcomes.add(e.toString());
        }
        return outcomes;
    }

    private boolean compare(ConfigurableApplicationContext tomcats, ConfigurableApplicationContext ficha, String readme) {
        boolean all = true;
        for (Map.Entry<String, Flow> flow : flows.entrySet()) {
            List<String> expected = outcomes(flow.getValue(), tomcats);
            List<String> actual = outcomes(flow.getValue(), ficha);
            String told = differences.get(flow.getKey());
            boolean as = told == null ? actual.equals(expected) : !actual.equals(expected) && readme.contains(told);
            boolean works = expected.stream().noneMatch(each -> each.startsWith("5"));
            all &= as && works;
            System.out.println((as && works ? "ok " : "FAILED ") + flow.getKey());
            if (!as || !works) System.out.println("   on Tomcat's: " + expected + "\n   on Ficha:    " + actual);
        }
        return all;
    }

    public static void main(String[] arguments) throws Exception {
        try (var provider = new IdentityProvider()) {
            Shop.provider = provider;
            try (var tomcats = start("spring.autoconfigure.exclude=" + WITHOUT_FICHA);
                    var ficha = start(
                            "ficha.redis.url=" + arguments[0],
                            "ficha.redis.command-timeout=20s",
                            "ficha.redis.connect-timeout=20s",
                            "ficha.redis.operation-timeout=50s",
                            "ficha.attributes.types.size=peers.Shop$Size",
                            "ficha.attributes.types.uuid=java.util.UUID",
                            "ficha.attributes.types.at=java.time.Instant",
                            "ficha.attributes.types.words=java.lang.String[]",
                            "ficha.attributes.types.items=java.util.List<peers.Shop$Item>",
                            "ficha.attributes.types.price=java.math.BigDecimal",
                            "ficha.attributes.types.form=peers.Shop$Form")) {
                System.exit(new Peers().compare(tomcats, ficha, Files.readString(Path.of(arguments[1]))) ? 0 : 1);
            }
        }
    }
}
