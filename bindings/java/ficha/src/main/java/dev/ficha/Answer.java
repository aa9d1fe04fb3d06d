package dev.ficha;

import dev.ficha.internal.Unpacker;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Answers as facade.hpp packs them, as values of the API; an answer that is an error is thrown. */
final class Answer {
    private static final int TOKEN_LENGTH = 56;

    private Answer() {}

    private static byte[] checked(byte[] answer) {
        if (answer.length == 0) throw new OutOfMemoryError("the heap had no room for the answer");
        if (answer[0] != Unpacker.ERROR) return answer;
        var reader = new Unpacker(answer, 1);
        ErrorCode code = ErrorCode.of(reader.getInt());
        throw FichaException.of(code, code == ErrorCode.CLOSED ? "the client was closed" : reader.rest());
    }

    static Optional<Session> session(byte[] answer) {
        return checked(answer)[0] == Unpacker.NONE ? Optional.empty() : Optional.of(new Session(answer, 1, null));
    }

    static Session issued(byte[] answer) {
        checked(answer);
        String token = new String(answer, 1, TOKEN_LENGTH, StandardCharsets.ISO_8859_1);
        Arrays.fill(answer, 1, 1 + TOKEN_LENGTH, (byte) 0);
        return new Session(answer, 1 + TOKEN_LENGTH, token);
    }

    static long number(byte[] answer) {
        return Unpacker.longAt(checked(answer), 1);
    }

    static boolean flag(byte[] answer) {
        return checked(answer)[1] != 0;
    }

    static List<Session> sessions(byte[] answer) {
        var reader = new Unpacker(checked(answer), 1);
        var sessions = new ArrayList<Session>();
        while (reader.hasMore()) sessions.add(new Session(reader.getBytes(), 0, null));
        return List.copyOf(sessions);
    }

    static Decision decision(byte[] answer) {
        return new Decision(checked(answer));
    }

    static Decision decision(byte[] answer, Decision admitting) {
        return new Decision(checked(answer), admitting);
    }

    static List<RouteFinding> findings(byte[] answer) {
        var reader = new Unpacker(checked(answer), 1);
        var findings = new ArrayList<RouteFinding>();
        while (reader.hasMore()) {
            int route = reader.getInt();
            int rule = reader.getInt();
            int line = reader.getInt();
            var methods = new ArrayList<String>();
            for (int i = reader.getInt(); i > 0; i--) methods.add(reader.getText());
            findings.add(new RouteFinding(route, methods, rule, line, reader.getText()));
        }
        return List.copyOf(findings);
    }

    static ResponseCookie cookie(byte[] answer) {
        return new ResponseCookie(new Unpacker(checked(answer), 1));
    }

    static ErrorResponse response(byte[] answer) {
        var reader = new Unpacker(checked(answer), 1);
        int status = reader.getInt();
        return new ErrorResponse(status, reader.getText(), reader.getText(), reader.getText(), reader.getHeaders());
    }

    static String text(byte[] answer) {
        return new Unpacker(checked(answer), 1).rest();
    }

    static Optional<String> textOrNone(byte[] answer) {
        return checked(answer)[0] == Unpacker.NONE ? Optional.empty() : Optional.of(text(answer));
    }
}
