package dev.ficha.spring;

import dev.ficha.FichaClient;
import dev.ficha.Stats;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.concurrent.TimeUnit;
import java.util.function.ToLongFunction;

/** What {@link FichaClient#stats} counts. */
final class FichaMetrics implements MeterBinder {
    private final FichaClient client;

    FichaMetrics(FichaClient client) {
        this.client = client;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        lookups(registry, "hit", Stats::hits);
        lookups(registry, "miss", Stats::misses);
        lookups(registry, "shared", Stats::sharedFlights);
        counter(registry, "ficha.cache.invalidations", "Entries that Redis said had changed", Stats::invalidations);
        counter(registry, "ficha.cache.evictions", "Entries that made room for others", Stats::evictions);
        flushes(registry, "disconnect", Stats::flushesDisconnect);
        flushes(registry, "server", Stats::flushesServer);
        flushes(registry, "staleness", Stats::flushesStaleness);
        gauge(registry, "ficha.cache.entries", "Sessions in the near cache", Stats::cacheEntries);
        gauge(registry, "ficha.cache.bytes", "Memory they take", Stats::cacheBytes);
        counter(registry, "ficha.touches.sent", "Extensions of idle timeouts", Stats::touchesSent);
        counter(registry, "ficha.touches.effective", "Those that changed something", Stats::touchesEffective);
        counter(registry, "ficha.redis.connects", "Connections made", Stats::connects);
        counter(registry, "ficha.redis.connect.failures", "Connections that failed", Stats::connectFailures);
        counter(registry, "ficha.redis.timeouts", "Commands without an answer in time", Stats::timeouts);
        gauge(
                registry,
                "ficha.redis.evicted.keys",
                "Keys that the server has evicted, -1 if unknown",
                Stats::evictedKeys);
        counter(registry, "ficha.key.walks", "Walks over the server's keys, because it evicts some", Stats::keyWalks);
        counter(registry, "ficha.incomplete", "Such walks that did not end in time", Stats::incomplete);
        gauge(registry, "ficha.redis.in.flight", "Commands under way", Stats::inFlight);
        FunctionTimer.builder(
                        "ficha.redis.commands",
                        client,
                        each -> each.stats().commands(),
                        each -> each.stats().roundTripSumMicros(),
                        TimeUnit.MICROSECONDS)
                .description("Commands sent, and the time until they were answered")
                .register(registry);
    }

    private void lookups(MeterRegistry registry, String result, ToLongFunction<Stats> count) {
        FunctionCounter.builder("ficha.lookups", client, each -> count.applyAsLong(each.stats()))
                .tag("result", result)
                .description("Sessions asked for")
                .register(registry);
    }

    private void flushes(MeterRegistry registry, String reason, ToLongFunction<Stats> count) {
        FunctionCounter.builder("ficha.cache.flushes", client, each -> count.applyAsLong(each.stats()))
                .tag("reason", reason)
                .description("Times the near cache was emptied")
                .register(registry);
    }

    private void counter(MeterRegistry registry, String name, String what, ToLongFunction<Stats> count) {
        FunctionCounter.builder(name, client, each -> count.applyAsLong(each.stats()))
                .description(what)
                .register(registry);
    }

    private void gauge(MeterRegistry registry, String name, String what, ToLongFunction<Stats> count) {
        Gauge.builder(name, client, each -> count.applyAsLong(each.stats()))
                .description(what)
                .register(registry);
    }
}
