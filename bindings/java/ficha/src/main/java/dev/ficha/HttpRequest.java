package dev.ficha;

import dev.ficha.internal.Packer;
import java.util.ArrayList;
import java.util.List;

/**
 * A request as the service received it: method, raw path, and raw header fields. A character stands for one byte, as
 * servlet containers decode them; one beyond U+00FF is {@link FichaException.InvalidArgument}.
 *
 * <p>Of the fields those are looked at that {@link FichaClient#judgedFields} names; several fields of one name are several
 * entries.
 */
public final class HttpRequest {
    private final Packer packed;

    private HttpRequest(Packer packed) {
        this.packed = packed;
    }

    /** {@code path} is the request target as it was sent, undecoded; its query is ignored. */
    public static Builder builder(String method, String path) {
        return new Builder(method, path);
    }

    record Reading(String method, String target, boolean decoded) {
        void pack(Packer packer) {
            putBytes(packer, method);
            if (decoded) packer.put(target, "target");
            else putBytes(packer, target);
            packer.put(decoded);
        }
    }

    private static void putBytes(Packer packer, String text) {
        if (!packer.putLatin1(text)) {
            throw new FichaException.InvalidArgument("a request consists of bytes: no character beyond U+00FF");
        }
    }

    Packer packed() {
        return packed;
    }

    /** Builds one request; not for several threads at once. */
    public static final class Builder {
        private static final int USUAL_SIZE = 384;

        // As requests.hpp says: written while it is given, so that nothing is copied twice.
        private final Packer packer = new Packer(USUAL_SIZE);
        private int headers;
        private String scheme = "https";
        private String peer = "";
        private String prefix = "";
        private List<Reading> readings = List.of();
        private boolean built;

        private Builder(String method, String path) {
            packer.putInt(0);
            put(method);
            put(path);
        }

        public Builder header(String name, String value) {
            if (built) throw new IllegalStateException("the request is built already");
            put(name);
            put(value);
            headers++;
            return this;
        }

        /** Of the connection that the service accepted; default: https. */
        public Builder scheme(String scheme) {
            this.scheme = scheme;
            return this;
        }

        /** The remote address, without port, for the configuration's trusted proxies. */
        public Builder peer(String peer) {
            this.peer = peer;
            return this;
        }

        /**
         * What the server, or a header, says was taken off the path: a context path, X-Forwarded-Prefix. "" or one of the
         * client's prefixes; anything else is refused.
         */
        public Builder prefix(String takenOff) {
            prefix = takenOff;
            return this;
        }

        /**
         * One way in which a layer routes the request, besides by the raw target: its own path, less the prefix; a method
         * overridden. The request passes only if every reading does; at most 7. {@code decoded}: the target is a path that
         * was decoded once, as text. An empty method or target is the request's own.
         */
        public Builder reading(String method, String target, boolean decoded) {
            if (readings.isEmpty()) readings = new ArrayList<>(2);
            readings.add(new Reading(method, target, decoded));
            return this;
        }

        public HttpRequest build() {
            if (built) throw new IllegalStateException("the request is built already");
            put(scheme);
            put(peer);
            packer.put(prefix, "prefix").putInt(readings.size());
            for (Reading reading : readings) reading.pack(packer);
            packer.setInt(0, headers);
            built = true;
            return new HttpRequest(packer);
        }

        private void put(String text) {
            putBytes(packer, text);
        }
    }
}
