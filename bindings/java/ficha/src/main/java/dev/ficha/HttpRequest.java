package dev.ficha;

import dev.ficha.internal.Packer;
import java.util.ArrayList;
import java.util.List;

/**
 * A request as the service received it: method, raw path, and raw header fields. A character stands for one byte, as
 * servlet containers decode them; one beyond U+00FF is {@link FichaException.InvalidArgument}.
 *
 * <p>Only Cookie, Authorization, Host, Origin, Referer, Sec-Fetch-Site, Upgrade, the CSRF header and
 * X-Forwarded-Proto/-Host are looked at; several fields of one name are several entries.
 */
public final class HttpRequest {
    private final byte[] packed;

    private HttpRequest(byte[] packed) {
        this.packed = packed;
    }

    /** {@code path} is the request target, undecoded; a query that is still there is ignored. */
    public static Builder builder(String method, String path) {
        return new Builder(method, path);
    }

    byte[] packed() {
        return packed;
    }

    public static final class Builder {
        private final String method;
        private final String path;
        private final List<String> headers = new ArrayList<>();
        private String scheme = "https";
        private String peer = "";

        private Builder(String method, String path) {
            this.method = method;
            this.path = path;
        }

        public Builder header(String name, String value) {
            headers.add(name);
            headers.add(value);
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
            var packer = new Packer(512);
            boolean bytes = packer.putLatin1(method)
                    & packer.putLatin1(path)
                    & packer.putLatin1(scheme)
                    & packer.putLatin1(peer);
            packer.putInt(headers.size() / 2);
            for (String header : headers) bytes &= packer.putLatin1(header);
            if (!bytes) {
                throw new FichaException.InvalidArgument("a request consists of bytes: no character beyond U+00FF");
            }
            return new HttpRequest(packer.toBytes());
        }
    }
}
