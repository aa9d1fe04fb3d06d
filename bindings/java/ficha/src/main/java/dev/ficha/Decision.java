package dev.ficha;

import dev.ficha.internal.Unpacker;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Whether a request may pass: a value, not an error. */
public final class Decision {
    // Layout: Answer::decision in facade.hpp.
    private static final int VERDICT = 1;
    private static final int REASON = 2;
    private static final int CARRIER = 3;
    private static final int STATUS = 4;
    private static final int RULE = 8;
    private static final int HEADERS = 21;

    private final byte[] bytes;
    private final int size;
    private final Session session;

    // `bytes` may be longer than the packed decision, which has `size`.
    Decision(byte[] bytes, int size) {
        this.bytes = bytes;
        this.size = size;
        int at = HEADERS + 4;
        for (int i = 2 * Unpacker.intAt(bytes, HEADERS); i > 0; i--) at += 4 + Unpacker.intAt(bytes, at);
        session = at == size ? null : new Session(bytes, at, null);
    }

    public boolean allowed() {
        return bytes[VERDICT] == 0;
    }

    public Verdict verdict() {
        return Verdict.of(bytes[VERDICT]);
    }

    /** For logs and tests, never for clients. */
    public Reason reason() {
        return Reason.of(bytes[REASON]);
    }

    /** HTTP status of a denial; 200 for allow. */
    public int status() {
        return Unpacker.intAt(bytes, STATUS);
    }

    /** Index of the rule that decided; -1 = none. */
    public int rule() {
        return Unpacker.intAt(bytes, RULE);
    }

    public Carrier carrier() {
        return Carrier.of(bytes[CARRIER]);
    }

    /** The live session that the request came with. */
    public Optional<Session> session() {
        return Optional.ofNullable(session);
    }

    /** To be added to the response, whatever the handler does. */
    public List<Map.Entry<String, String>> headers() {
        var reader = new Unpacker(bytes, HEADERS);
        int count = reader.getInt();
        var headers = new ArrayList<Map.Entry<String, String>>(count);
        for (int i = 0; i < count; i++) headers.add(Map.entry(reader.getText(), reader.getText()));
        return Collections.unmodifiableList(headers);
    }

    @Override
    public String toString() {
        return "Decision[" + verdict() + " " + status() + "]";
    }

    // Without its kind.
    byte[] packed() {
        return Arrays.copyOfRange(bytes, 1, size);
    }
}
