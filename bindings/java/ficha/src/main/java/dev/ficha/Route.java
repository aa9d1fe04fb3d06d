package dev.ficha;

import java.util.List;

/**
 * A route of the service, for {@link FichaClient#checkRoutes}.
 *
 * @param handler what runs; the same name at several routes is the same handler
 * @param methods none = GET, POST, PUT, PATCH, DELETE
 * @param pattern as a rule's path: {@code *} for a parameter, {@code **} for any number of segments
 */
public record Route(String handler, List<String> methods, String pattern) {
    public Route {
        methods = List.copyOf(methods);
    }
}
