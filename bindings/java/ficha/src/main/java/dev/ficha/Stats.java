package dev.ficha;

import dev.ficha.internal.Unpacker;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Counters of one client since it was opened. {@code roundTrips} counts by upper bound in microseconds: 2^4, 2^5, … 2^19,
 * more. {@code evictedKeys} is what the server has evicted since it started, as last read, -1 where it does not say;
 * {@code evictionPolicy} its maxmemory-policy, "unknown" where it does not say.
 */
public record Stats(
        long hits,
        long misses,
        long sharedFlights,
        long invalidations,
        long flushesDisconnect,
        long flushesServer,
        long flushesStaleness,
        long evictions,
        long touchesSent,
        long touchesEffective,
        long commands,
        long connects,
        long connectFailures,
        long timeouts,
        long inFlight,
        long cacheEntries,
        long cacheBytes,
        List<Long> roundTrips,
        long roundTripSumMicros,
        long keyWalks,
        long incomplete,
        long evictedKeys,
        String evictionPolicy) {
    private static final int ROUND_TRIP_CLASSES = 17;

    static Stats unpack(byte[] bytes) {
        var n = new Unpacker(bytes, 0);
        return new Stats(
                n.getLong(),
                n.getLong(),
                n.getLong(),
                n.getLong(),
                n.getLong(),
                n.getLong(),
                n.getLong(),
                n.getLong(),
                n.getLong(),
                n.getLong(),
                n.getLong(),
                n.getLong(),
                n.getLong(),
                n.getLong(),
                n.getLong(),
                n.getLong(),
                n.getLong(),
                IntStream.range(0, ROUND_TRIP_CLASSES)
                        .mapToObj(i -> n.getLong())
                        .toList(),
                n.getLong(),
                n.getLong(),
                n.getLong(),
                n.getLong(),
                n.getText());
    }
}
