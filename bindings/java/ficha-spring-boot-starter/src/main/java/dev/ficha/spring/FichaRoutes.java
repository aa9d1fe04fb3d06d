package dev.ficha.spring;

import dev.ficha.FichaClient;
import dev.ficha.Route;
import dev.ficha.RouteFinding;
import jakarta.servlet.ServletRegistration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.springframework.beans.factory.BeanFactoryUtils;
import org.springframework.boot.webmvc.autoconfigure.DispatcherServletPath;
import org.springframework.web.context.WebApplicationContext;
import org.springframework.web.servlet.DispatcherServlet;
import org.springframework.web.servlet.function.support.RouterFunctionMapping;
import org.springframework.web.servlet.mvc.method.RequestMappingInfo;
import org.springframework.web.servlet.mvc.method.RequestMappingInfoHandlerMapping;

/**
 * Every route of the application with the rule of the policy that judges it: of controllers, router functions, and servlets
 * beside Spring MVC's. Static resources are what their addresses say, and are not listed.
 *
 * <p>A test of every application: {@code context.getBean(FichaRoutes.class).check()}. From a shell:
 * {@code java -jar shop.jar --ficha.routes=check} prints the list and ends, with status 1 if it has a problem.
 */
public final class FichaRoutes {
    private final FichaClient client;
    private final WebApplicationContext context;

    /**
     * @param rule its index in the policy; -1: none
     * @param line of the file that defines the rule; 0: it is given in code or properties
     * @param problem "" = none
     */
    public record Line(String handler, Set<String> methods, String pattern, int rule, int line, String problem) {
        @Override
        public String toString() {
            String by = rule < 0 ? "no rule" : "rule[" + rule + "]" + (line > 0 ? " (line " + line + ")" : "");
            return (methods.isEmpty() ? "any method" : String.join(",", methods)) + " " + pattern + "  " + by + "  "
                    + handler + (problem.isEmpty() ? "" : "  PROBLEM: " + problem);
        }
    }

    FichaRoutes(FichaClient client, WebApplicationContext context) {
        this.client = client;
        this.context = context;
    }

    /** Ordered by handler. The application has started. */
    public List<Line> lines() {
        List<Route> routes = routes();
        var lines = new ArrayList<Line>();
        for (RouteFinding finding : client.checkRoutes(routes)) {
            Route route = routes.get(finding.route());
            lines.add(new Line(
                    route.handler(),
                    new TreeSet<>(finding.methods()),
                    route.pattern(),
                    finding.rule(),
                    finding.line(),
                    finding.problem()));
        }
        return lines;
    }

    /** Errors: IllegalStateException where one handler is reachable under rules of different strictness, or under none. */
    public void check() {
        String problems = lines().stream()
                .filter(line -> !line.problem().isEmpty())
                .map(Line::toString)
                .collect(Collectors.joining("\n"));
        if (!problems.isEmpty()) throw new IllegalStateException("routes that the policy does not hold:\n" + problems);
    }

    @Override
    public String toString() {
        return lines().stream().map(Line::toString).collect(Collectors.joining("\n"));
    }

    private List<Route> routes() {
        var routes = new ArrayList<Route>();
        String prefix = context.getBeanProvider(DispatcherServletPath.class).stream()
                .map(DispatcherServletPath::getPrefix)
                .findFirst()
                .orElse("");
        mappings(RequestMappingInfoHandlerMapping.class).forEach(mapping -> mapping.getHandlerMethods()
                .forEach((info, method) -> add(routes, prefix, info, method.toString())));
        mappings(RouterFunctionMapping.class).forEach(mapping -> {
            if (mapping.getRouterFunction() != null) {
                mapping.getRouterFunction().accept(new RouterFunctionRoutes(prefix, routes));
            }
        });
        if (context.getServletContext() != null) addServlets(routes);
        routes.sort((one, other) -> one.handler().compareTo(other.handler()));
        return routes;
    }

    private <T> Collection<T> mappings(Class<T> type) {
        return BeanFactoryUtils.beansOfTypeIncludingAncestors(context, type).values();
    }

    private static void add(List<Route> routes, String prefix, RequestMappingInfo info, String handler) {
        List<String> methods = info.getMethodsCondition().getMethods().stream()
                .map(Enum::name)
                .sorted()
                .toList();
        for (String pattern : info.getPatternValues())
            routes.add(new Route(handler, methods, prefix + asRule(pattern)));
    }

    private void addServlets(List<Route> routes) {
        for (ServletRegistration servlet :
                context.getServletContext().getServletRegistrations().values()) {
            if (DispatcherServlet.class.getName().equals(servlet.getClassName())) continue;
            for (String mapping : servlet.getMappings()) {
                // Containers register servlets of their own: for files, and JSP.
                if (mapping.equals("/") || mapping.startsWith("*.")) continue;
                String pattern = mapping.endsWith("/*") ? mapping + "*" : mapping;
                routes.add(new Route("servlet " + servlet.getName(), List.of(), pattern.isEmpty() ? "/" : pattern));
            }
        }
    }

    /** A pattern of Spring's as a rule's path: a segment with a variable or a wildcard is any segment. */
    static String asRule(String pattern) {
        if (pattern.isEmpty() || pattern.equals("/")) return "/";
        var rule = new StringBuilder();
        for (String segment : pattern.substring(pattern.startsWith("/") ? 1 : 0).split("/")) {
            boolean many = segment.equals("**") || segment.startsWith("{*");
            boolean one = segment.contains("{") || segment.contains("*") || segment.contains("?");
            rule.append('/').append(many ? "**" : one ? "*" : segment);
        }
        return rule.toString();
    }
}
