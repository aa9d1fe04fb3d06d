package dev.ficha.spring;

import dev.ficha.Decision;
import dev.ficha.FichaException;
import dev.ficha.internal.servlet.Responses;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Optional;
import org.springframework.session.web.http.SessionRepositoryFilter;

/**
 * Applies the policy to every request, before anything else of the application sees it: what is not allowed is answered
 * here, with the decision's status and headers. Forwards, includes and asynchronous dispatches are judged by where they go.
 * An outage that a handler runs into, and a session that ended while it ran, are answered here as well: 503, and 401.
 */
public final class FichaFilter implements Filter {
    /** Before the session is looked for. What must stand before the policy has a lower order. */
    public static final int ORDER = SessionRepositoryFilter.DEFAULT_ORDER - 10;

    private final Judge judge;

    FichaFilter(Judge judge) {
        this.judge = judge;
    }

    @Override
    public void doFilter(ServletRequest servletRequest, ServletResponse servletResponse, FilterChain chain)
            throws IOException, ServletException {
        var request = (HttpServletRequest) servletRequest;
        var response = (HttpServletResponse) servletResponse;
        RequestState state = RequestState.of(request);
        // The container's error page has no rule: nobody can ask for it, and it may be about a request that was
        // refused.
        if (request.getDispatcherType() != DispatcherType.ERROR) {
            if (state == null) {
                RequestState.Judged judged = judge.judge(request);
                if (!judged.decision().allowed()) {
                    Denials.write(request, response, judged.decision());
                    return;
                }
                Responses.addHeaders(response, judged.decision().headers());
                state = new RequestState(judged, judge.credentials(), request, response);
            } else if (!mayGoOn(request, response, state)) {
                return;
            }
        }
        proceed(state, new AdmittedRequest(request, state, judge), response, chain);
    }

    private boolean mayGoOn(HttpServletRequest request, HttpServletResponse response, RequestState state)
            throws IOException, ServletException {
        Optional<Decision> again = judge.judgeAgain(request, state);
        if (again.isEmpty() || again.get().allowed()) return true;
        if (request.getDispatcherType() == DispatcherType.INCLUDE) throw new Denied(again.get());
        Denials.write(request, response, again.get());
        return false;
    }

    private void proceed(
            RequestState state, HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        RequestState before = RequestState.current();
        RequestState.enter(state);
        try {
            chain.doFilter(request, response);
        } catch (IOException | ServletException | RuntimeException e) {
            if (response.isCommitted() || request.getDispatcherType() == DispatcherType.INCLUDE) throw e;
            Denied denied = causeOf(e, Denied.class);
            FichaException cause = causeOf(e, FichaException.class);
            if (denied == null && (cause == null || cause.httpStatus() == 0)) throw e;
            if (state != null && state.session() != null) {
                FichaSessionIdResolver.sendDue(judge.client(), request, response, state.session());
            }
            if (denied != null) Denials.writeInstead(request, response, denied.decision());
            else Denials.writeInstead(response, state == null ? null : state.decision(), cause);
        } finally {
            RequestState.leave();
            RequestState.enter(before);
        }
    }

    private static <T extends Throwable> T causeOf(Throwable e, Class<T> type) {
        for (; e != null; e = e.getCause()) {
            if (type.isInstance(e)) return type.cast(e);
        }
        return null;
    }
}
