package dev.ficha;

import dev.ficha.internal.Packer;

/**
 * A request as the service received it: method, raw path, and raw header fields. A character stands for one byte, as
 * servlet containers decode them; one beyond U+00FF is {@link FichaException.InvalidArgument}.
 *
 * <p>Only Cookie, Authorization, Host, Origin, Referer, Sec-Fetch-Site, Upgrade, the CSRF header and
 * X-Forwarded-Proto/-Host are looked at; several fields of one name are several entries.
 */
public final class HttpRequest {
    private final Packer packed;

    private HttpRequest(Packer packed) {
        this.packed = packed;
    }

    /** {@code path} is the request target, undecoded; a query that is still there is ignored. */
    public static Builder builder(String method, String path) {
        return new Builder(method, path);
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

        public HttpRequest build() {
            if (built) throw new IllegalStateException("the request is built already");
            put(scheme);
            put(peer);
            packer.setInt(0, headers);
            built = true;
            return new HttpRequest(packer);
        }

        private void put(String text) {
            if (!packer.putLatin1(text)) {
                throw new FichaException.InvalidArgument("a request consists of bytes: no character beyond U+00FF");
            }
        }
    }
}
