import dev.ficha.Decision;
import dev.ficha.FichaClient;
import dev.ficha.HttpRequest;
import dev.ficha.NewSession;
import java.io.BufferedReader;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.Signature;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * P6: a hit in the near cache against what checking a JWT costs at the least: the JDK's HMAC-SHA-256 or RS256 over its signed
 * part, called as jjwt, nimbus-jose-jwt and java-jwt call it (an instance for each token), with nothing decoded and nothing
 * parsed. Both sides of a row are measured in turns, in one run; medians of the rounds.
 * usage: java -cp ficha.jar Bench.java --json FILE
 */
public final class Bench {
    private static final boolean SHORT = System.getenv("FICHA_BENCH_SHORT") != null; // shows that this works, and no more
    private static final int ROUNDS = SHORT ? 1 : 7;
    private static final String CLAIMS =
            "{\"sub\":\"alice\",\"roles\":[\"customer\"],\"scope\":\"transfers:read\",\"iat\":1700000000,\"exp\":4000000000}";

    private interface Action {
        boolean run() throws Exception;
    }

    private record Row(String id, String what, double ratio, int target, double ours, double theirs) {
        String json() {
            return String.format(
                    Locale.ROOT,
                    "{\"id\": \"%s\", \"what\": \"%s\", \"ratio\": %.2f, \"op\": \">=\", \"target\": %d, \"ours\": %.1f, \"theirs\": %.1f, \"unit\": \"ns\"}",
                    id, what, ratio, target, ours, theirs);
        }

        String line() {
            return String.format(
                    Locale.ROOT, "%-5s %-62s %8.2f >= %-5d %10.1f %10.1f ns", id, what, ratio, target, ours, theirs);
        }
    }

    public static void main(String[] arguments) throws Exception {
        int port;
        try (var probe = new ServerSocket(0)) {
            port = probe.getLocalPort();
        }
        Process redis = new ProcessBuilder("redis-server", "--port", "" + port, "--bind", "127.0.0.1", "--save", "")
                .redirectErrorStream(true)
                .start();
        try (BufferedReader log = redis.inputReader(StandardCharsets.UTF_8)) {
            while (!log.readLine().contains("Ready to accept connections")) {}
            List<Row> rows = hits("redis://127.0.0.1:" + port + "/0");
            rows.forEach(row -> System.out.println(row.line()));
            String json = rows.stream().map(Row::json).collect(Collectors.joining(",\n ", "[", "]\n"));
            if (arguments.length == 2 && arguments[0].equals("--json")) Files.writeString(Path.of(arguments[1]), json);
        } finally {
            redis.destroy();
            redis.waitFor();
        }
    }

    private static List<Row> hits(String url) throws Exception {
        try (FichaClient client = FichaClient.of(Map.of(
                "redis.url", url,
                "rule[0].path", "/transactions/**",
                "rule[0].methods", List.of("GET"),
                "rule[0].roles", List.of("customer")))) {
            var session = client.create(NewSession.of("alice").roles("customer").scopes("transfers:read"));
            String token = session.token().orElseThrow();
            String cookie = "__Host-ficha=" + token;
            Action load = () -> client.load(token).orElseThrow().level() == 0;
            Action authorize = () -> {
                Decision decision = client.authorize(HttpRequest.builder("GET", "/transactions/7")
                        .header("Cookie", cookie)
                        .header("Host", "bank.example")
                        .build());
                return decision.allowed() && decision.session().orElseThrow().level() == 0;
            };
            var rows = new ArrayList<Row>();
            rows.add(compare("P6a", "Java: a hit against JCA's HMAC-SHA-256 of a JWT", 2, load, 500_000, hmac(), 500_000));
            rows.add(compare("P6b", "Java: a hit against JCA's RS256 verification of a JWT", 80, load, 500_000, rs256(), 10_000));
            System.out.printf(
                    Locale.ROOT, "      Java: authorize, from header fields to decision %31.1f ns%n", nanoseconds(authorize));
            return rows;
        }
    }

    private static byte[] signedPart(String algorithm) {
        var encoder = Base64.getUrlEncoder().withoutPadding();
        String header = "{\"alg\":\"" + algorithm + "\",\"typ\":\"JWT\"}";
        return (encoder.encodeToString(header.getBytes(StandardCharsets.UTF_8)) + "."
                        + encoder.encodeToString(CLAIMS.getBytes(StandardCharsets.UTF_8)))
                .getBytes(StandardCharsets.US_ASCII);
    }

    private static Action hmac() throws Exception {
        byte[] signed = signedPart("HS256");
        var key = new SecretKeySpec("0123456789abcdef0123456789abcdef".getBytes(StandardCharsets.US_ASCII), "HmacSHA256");
        byte[] expected = hmac(key, signed);
        return () -> MessageDigest.isEqual(hmac(key, signed), expected);
    }

    private static byte[] hmac(SecretKeySpec key, byte[] signed) throws Exception {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(key);
        return mac.doFinal(signed);
    }

    private static Action rs256() throws Exception {
        byte[] signed = signedPart("RS256");
        var generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        var keys = generator.generateKeyPair();
        Signature signer = Signature.getInstance("SHA256withRSA");
        signer.initSign(keys.getPrivate());
        signer.update(signed);
        byte[] expected = signer.sign();
        return () -> {
            Signature verifier = Signature.getInstance("SHA256withRSA");
            verifier.initVerify(keys.getPublic());
            verifier.update(signed);
            return verifier.verify(expected);
        };
    }

    private static Row compare(String id, String what, int target, Action ours, int ourCount, Action theirs, int theirCount)
            throws Exception {
        var ratios = new ArrayList<Double>();
        var our = new ArrayList<Double>();
        var their = new ArrayList<Double>();
        for (int round = -3; round < ROUNDS; round++) {
            double a = nanoseconds(ours, ourCount);
            double b = nanoseconds(theirs, theirCount);
            if (round < 0) continue; // the compiler warms up
            our.add(a);
            their.add(b);
            ratios.add(b / a);
        }
        return new Row(id, what, median(ratios), target, median(our), median(their));
    }

    private static double nanoseconds(Action action, int count) throws Exception {
        long start = System.nanoTime();
        for (int i = 0; i < count; i++) {
            if (!action.run()) throw new AssertionError("the check failed");
        }
        return (double) (System.nanoTime() - start) / count;
    }

    private static double nanoseconds(Action action) throws Exception {
        var rounds = new ArrayList<Double>();
        for (int round = -3; round < ROUNDS; round++) {
            double each = nanoseconds(action, 200_000);
            if (round >= 0) rounds.add(each);
        }
        return median(rounds);
    }

    private static double median(List<Double> values) {
        return values.stream().sorted().skip(values.size() / 2).findFirst().orElseThrow();
    }
}
