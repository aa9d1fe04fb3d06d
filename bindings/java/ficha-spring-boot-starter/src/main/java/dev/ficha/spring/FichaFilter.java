package dev.ficha.spring;

import dev.ficha.Decision;
import dev.ficha.FichaClient;
import dev.ficha.FichaException;
import dev.ficha.HttpRequest;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Collections;
import org.springframework.session.web.http.SessionRepositoryFilter;

/**
 * Applies the policy to every request, before anything else of the application sees it: what is not allowed is answered
 * here, with the decision's status and headers. An outage that a handler runs into, and a session that ended while it ran,
 * are answered here as well: 503, and 401.
 */
public final class FichaFilter implements Filter {
    /** Before the session is looked for. */
    public static final int ORDER = SessionRepositoryFilter.DEFAULT_ORDER - 10;

    private final FichaClient client;

    FichaFilter(FichaClient client) {
        this.client = client;
    }

    @Override
    public void doFilter(ServletRequest servletRequest, ServletResponse servletResponse, FilterChain chain)
            throws IOException, ServletException {
        var request = (HttpServletRequest) servletRequest;
        var response = (HttpServletResponse) servletResponse;
        RequestState state = RequestState.of(request);
        // The container's error page for a request that it refused itself has no session, and stands under no rule.
        if (state == null && request.getDispatcherType() != DispatcherType.ERROR) {
            Decision decision = client.authorize(describe(request));
            if (!decision.allowed()) {
                Denials.write(response, decision);
                return;
            }
            Denials.addHeaders(response, decision);
            state = new RequestState(decision, request, response);
        }
        proceed(client, state, AdmittedRequest.of(request, state, client), response, chain);
    }

    private static void proceed(
            FichaClient client,
            RequestState state,
            HttpServletRequest request,
            HttpServletResponse response,
            FilterChain chain)
            throws IOException, ServletException {
        RequestState before = RequestState.current();
        RequestState.enter(state);
        try {
            chain.doFilter(request, response);
        } catch (IOException | ServletException | RuntimeException e) {
            FichaException cause = causeOf(e);
            if (cause == null || cause.httpStatus() == 0 || response.isCommitted()) throw e;
            if (state != null && state.session() != null) {
                FichaSessionIdResolver.sendDue(client, request, response, state.session());
            }
            Denials.write(response, state == null ? null : state.decision(), cause);
        } finally {
            RequestState.leave();
            RequestState.enter(before);
        }
    }

    private static FichaException causeOf(Throwable e) {
        for (; e != null; e = e.getCause()) {
            if (e instanceof FichaException known) return known;
        }
        return null;
    }

    // getRequestURI() is the target as it was sent, undecoded (Servlet 6.1, section 3.5.2).
    private static HttpRequest describe(HttpServletRequest request) {
        HttpRequest.Builder builder = HttpRequest.builder(request.getMethod(), request.getRequestURI())
                .scheme(request.getScheme())
                .peer(request.getRemoteAddr());
        for (String name : Collections.list(request.getHeaderNames())) {
            for (String value : Collections.list(request.getHeaders(name))) builder.header(name, value);
        }
        return builder.build();
    }
}
