package dev.ficha;

import java.util.List;

/**
 * One rule that may decide about a route, and what is wrong with that.
 *
 * @param route index of the {@link Route}
 * @param methods for these
 * @param rule index of the rule; -1 = none
 * @param line where the file defines it; 0: it is given in code
 * @param problem "" where nothing is wrong
 */
public record RouteFinding(int route, List<String> methods, int rule, int line, String problem) {
    public RouteFinding {
        methods = List.copyOf(methods);
    }
}
