package dev.ficha.spring;

import dev.ficha.Decision;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Optional;
import org.springframework.web.servlet.HandlerInterceptor;

/**
 * Before every handler of Spring MVC: what filters made of a request since {@link FichaFilter} judged it (another method,
 * another address) is judged as well.
 */
final class JudgingInterceptor implements HandlerInterceptor {
    private final Judge judge;
    private final ServletContext application;

    JudgingInterceptor(Judge judge, ServletContext application) {
        this.judge = judge;
        this.application = application;
    }

    @Override
    public boolean preHandle(HttpServletRequest request, HttpServletResponse response, Object handler)
            throws IOException, ServletException {
        if (request.getDispatcherType() == DispatcherType.ERROR) return true;
        RequestState state = RequestState.of(request);
        Optional<Decision> decision;
        if (state != null) decision = judge.judgeAgain(request, state);
        // A management server on a port of its own has no FichaFilter.
        else if (request.getServletContext() != application) return true;
        else decision = Optional.of(judge.judge(request).decision());
        if (decision.isEmpty() || decision.get().allowed()) return true;
        if (request.getDispatcherType() == DispatcherType.INCLUDE) throw new Denied(decision.get());
        Denials.write(request, response, decision.get());
        return false;
    }

    // Spring MVC asks for the session's id when the request is over, for its event.
    @Override
    public void afterCompletion(
            HttpServletRequest request, HttpServletResponse response, Object handler, Exception failure) {
        RequestState state = RequestState.of(request);
        if (failure != null && state != null) state.failed();
    }
}
