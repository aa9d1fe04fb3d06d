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
    private static final int HAS_SESSION = 21;
    private static final int HEADERS = 22;

    private final byte[] bytes;
    private final Session session;
    private final Decision admitting;

    // `bytes` may be longer than the packed decision.
    Decision(byte[] bytes) {
        this(bytes, null);
    }

    // `admitting`: what a requirement was judged on, whose headers stay due; null: there is none.
    Decision(byte[] bytes, Decision admitting) {
        this.bytes = bytes;
        this.admitting = admitting;
        int at = HEADERS + 4;
        for (int i = 2 * Unpacker.intAt(bytes, HEADERS); i > 0; i--) at += 4 + Unpacker.intAt(bytes, at);
        session = bytes[HAS_SESSION] == 0 ? null : new Session(bytes, at, null);
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
        List<Map.Entry<String, String>> own = new Unpacker(bytes, HEADERS).getHeaders();
        if (admitting == null) return own;
        var all = new ArrayList<>(own);
        all.addAll(admitting.headers());
        return Collections.unmodifiableList(all);
    }

    @Override
    public String toString() {
        return "Decision[" + verdict() + " " + status() + "]";
    }

    // All but headers and session.
    byte[] facts() {
        return Arrays.copyOfRange(bytes, VERDICT, HAS_SESSION);
    }
}
