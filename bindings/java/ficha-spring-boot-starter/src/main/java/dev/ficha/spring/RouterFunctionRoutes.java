package dev.ficha.spring;

import dev.ficha.Route;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.springframework.core.io.Resource;
import org.springframework.http.HttpMethod;
import org.springframework.web.servlet.function.HandlerFunction;
import org.springframework.web.servlet.function.RequestPredicate;
import org.springframework.web.servlet.function.RequestPredicates;
import org.springframework.web.servlet.function.RouterFunction;
import org.springframework.web.servlet.function.RouterFunctions;
import org.springframework.web.servlet.function.ServerRequest;

/** The routes of a router function: paths and methods that its predicates name; what they do not name may be anything. */
final class RouterFunctionRoutes implements RouterFunctions.Visitor {
    private final List<Route> routes;
    private final Deque<List<String>> prefixes = new ArrayDeque<>();

    RouterFunctionRoutes(String prefix, List<Route> routes) {
        this.routes = routes;
        prefixes.push(List.of(prefix));
    }

    @Override
    public void startNested(RequestPredicate predicate) {
        var named = new Named();
        predicate.accept(named);
        prefixes.push(named.paths.isEmpty() ? prefixes.peek() : joined(named.paths));
    }

    @Override
    public void endNested(RequestPredicate predicate) {
        prefixes.pop();
    }

    @Override
    public void route(RequestPredicate predicate, HandlerFunction<?> handler) {
        var named = new Named();
        predicate.accept(named);
        List<String> paths = named.paths.isEmpty() ? List.of("/**") : named.paths;
        String name = handler.getClass().getName();
        for (String path : joined(paths)) routes.add(new Route(name, List.copyOf(named.methods), path));
    }

    private List<String> joined(List<String> paths) {
        var all = new ArrayList<String>();
        for (String prefix : prefixes.element()) {
            for (String path : paths) {
                String rule = FichaRoutes.asRule(path);
                String base = prefix.equals("/") ? "" : prefix;
                all.add(base.isEmpty() || !rule.equals("/") ? base + rule : base);
            }
        }
        return all;
    }

    @Override
    public void resources(Function<ServerRequest, Optional<Resource>> lookupFunction) {
        // Files are what their addresses say.
    }

    @Override
    public void attributes(Map<String, Object> attributes) {
        // Of no route.
    }

    @Override
    public void unknown(RouterFunction<?> function) {
        for (String path : joined(List.of("/**"))) {
            routes.add(new Route(function.getClass().getName(), List.of(), path));
        }
    }

    /** What a predicate names. */
    private static final class Named implements RequestPredicates.Visitor {
        private final List<String> paths = new ArrayList<>();
        private final List<String> methods = new ArrayList<>();
        private int negations;

        @Override
        public void method(Set<HttpMethod> named) {
            if (negations == 0) named.forEach(method -> methods.add(method.name()));
        }

        @Override
        public void path(String pattern) {
            if (negations == 0) paths.add(pattern);
        }

        @Override
        @SuppressWarnings("removal") // of the interface
        public void pathExtension(String extension) {}

        @Override
        public void header(String name, String value) {}

        @Override
        public void param(String name, String value) {}

        @Override
        public void version(String version) {}

        @Override
        public void startAnd() {}

        @Override
        public void and() {}

        @Override
        public void endAnd() {}

        @Override
        public void startOr() {}

        @Override
        public void or() {}

        @Override
        public void endOr() {}

        @Override
        public void startNegate() {
            negations++;
        }

        @Override
        public void endNegate() {
            negations--;
        }

        @Override
        public void unknown(RequestPredicate predicate) {}
    }
}
