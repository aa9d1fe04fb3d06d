package dev.ficha.spring;

import dev.ficha.Decision;
import dev.ficha.FichaClient;
import dev.ficha.FichaException;
import dev.ficha.Requirement;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.lang.reflect.Method;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.boot.convert.DurationStyle;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.web.method.HandlerMethod;
import org.springframework.web.servlet.HandlerInterceptor;

/** The second door: what {@link RequireFresh} asks of the session, judged where Spring MVC has found the handler. */
final class RequireFreshInterceptor implements HandlerInterceptor {
    private final FichaClient client;
    private final Map<Method, Optional<Requirement>> requirements = new ConcurrentHashMap<>();

    RequireFreshInterceptor(FichaClient client) {
        this.client = client;
    }

    @Override
    public boolean preHandle(HttpServletRequest request, HttpServletResponse response, Object handler)
            throws IOException {
        if (!(handler instanceof HandlerMethod method)) return true;
        Optional<Requirement> requirement = requirementOf(method);
        if (requirement.isEmpty()) return true;
        RequestState state = RequestState.of(request);
        if (state == null) throw new IllegalStateException("no FichaFilter before a handler with @RequireFresh");
        Decision decision = client.require(requirement.get(), state.decision());
        if (decision.allowed()) return true;
        Denials.write(request, response, decision);
        return false;
    }

    /** Of every handler there is, when the application starts. Errors: IllegalStateException naming the handler. */
    void check(Collection<HandlerMethod> handlers) {
        for (HandlerMethod handler : handlers) {
            try {
                requirementOf(handler);
            } catch (IllegalArgumentException | FichaException e) {
                throw new IllegalStateException("@RequireFresh of " + handler + ": " + e.getMessage(), e);
            }
        }
    }

    private Optional<Requirement> requirementOf(HandlerMethod method) {
        return requirements.computeIfAbsent(method.getMethod(), unused -> newRequirement(method));
    }

    private static Optional<Requirement> newRequirement(HandlerMethod method) {
        RequireFresh wanted = method.getMethodAnnotation(RequireFresh.class);
        if (wanted == null) {
            wanted = AnnotatedElementUtils.findMergedAnnotation(method.getBeanType(), RequireFresh.class);
        }
        if (wanted == null) return Optional.empty();
        return Optional.of(Requirement.builder()
                .maxAuthAge(DurationStyle.detectAndParse(wanted.value()))
                .level(wanted.level())
                .build());
    }
}
