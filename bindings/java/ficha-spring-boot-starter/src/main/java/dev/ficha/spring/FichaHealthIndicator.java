package dev.ficha.spring;

import dev.ficha.FichaClient;
import dev.ficha.FichaException;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;

/**
 * Up when the store answers a read, with the server's maxmemory-policy, which should be "noeviction"; down with the error's
 * stable name.
 */
final class FichaHealthIndicator extends AbstractHealthIndicator {
    // No session has it: route and secret would have to hash to zeroes.
    private static final String NOBODYS_ID = "A".repeat(24);

    private final FichaClient client;

    FichaHealthIndicator(FichaClient client) {
        super("sessions cannot be read");
        this.client = client;
    }

    @Override
    protected void doHealthCheck(Health.Builder builder) {
        try {
            client.find(NOBODYS_ID);
            builder.up().withDetail("evictionPolicy", client.stats().evictionPolicy());
        } catch (FichaException e) {
            builder.down().withDetail("error", e.code().toString());
        }
    }
}
