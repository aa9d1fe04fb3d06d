package dev.ficha;

import dev.ficha.internal.Native;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/**
 * What a client is told in the place of what its request's handler would have answered: the same in every language, and for
 * hosts that write the response themselves, as application/json. {@code code} is for programs, and stable: a verdict's name,
 * or an error's. {@code message} is a sentence for people that says nothing of reasons, sessions or servers. {@code body} has
 * both, and is empty for 204.
 */
public record ErrorResponse(
        int status, String code, String message, String body, List<Map.Entry<String, String>> headers) {

    public ErrorResponse {
        headers = List.copyOf(headers);
    }

    /** To a decision that does not allow. */
    public static ErrorResponse to(Decision denied) {
        ErrorResponse response = Answer.response(Native.respondToDenial(denied.facts()));
        return new ErrorResponse(response.status, response.code, response.message, response.body, denied.headers());
    }

    /**
     * To an error that a handler ran into: what the store could not do is 503, whatever kept it from it. Where the request
     * asked for what cannot be (INVALID_ARGUMENT, TOO_LARGE), the message is the error's own sentence.
     */
    public static ErrorResponse to(FichaException error) {
        String sentence = error.getMessage() == null ? "" : error.getMessage();
        return Answer.response(Native.respondToError(error.code().number(), sentence.getBytes(StandardCharsets.UTF_8)));
    }

    /** The same without the error's own sentence. */
    public static ErrorResponse to(ErrorCode error) {
        return Answer.response(Native.respondToError(error.number(), new byte[0]));
    }
}
