package dev.ficha.servlet;

import dev.ficha.Decision;
import dev.ficha.ErrorResponse;
import dev.ficha.FichaClient;
import dev.ficha.FichaException;
import dev.ficha.HttpRequest;
import dev.ficha.NewSession;
import dev.ficha.internal.servlet.Credentials;
import dev.ficha.internal.servlet.Responses;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.FilterConfig;
import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.List;

/**
 * For servlet containers without Spring: applies the policy to every request that comes in, and makes {@code getSession()},
 * {@code getUserPrincipal()} and {@code isUserInRole()} those of the shared session. Map it to {@code /*}, before all others,
 * with {@code async-supported}; it judges requests, not forwards and includes, which are the application's own doing.
 *
 * <p>The init parameter {@code config} is a URL or the path of a ficha.toml. The context path is taken off before rules are
 * looked at.
 */
public final class FichaFilter implements Filter {
    private static final String CONFIG = "config";

    private final boolean ours;
    private FichaClient client;
    private Credentials credentials;

    /** Configured by init parameters; its client ends with it. */
    public FichaFilter() {
        ours = true;
    }

    /** With a client of the application's, which must know the context path among its prefixes. */
    public FichaFilter(FichaClient client) {
        ours = false;
        this.client = client;
    }

    @Override
    public void init(FilterConfig filter) throws ServletException {
        if (ours) {
            String config = filter.getInitParameter(CONFIG);
            if (config == null) throw new ServletException("FichaFilter needs the init parameter \"" + CONFIG + "\"");
            String prefix = filter.getServletContext().getContextPath();
            client = FichaClient.open(config, prefix.isEmpty() ? List.of() : List.of(prefix));
        }
        credentials = new Credentials(client);
    }

    @Override
    public void destroy() {
        if (ours && client != null) client.close();
    }

    /**
     * Makes the request's session that of a principal who has proved itself, under a new token. Attributes of an anonymous
     * session stay. Errors: as FichaClient.login; IllegalStateException once the response is on its way.
     */
    public static void login(HttpServletRequest request, NewSession session) {
        SharedRequest.of(request).session(true).login(session);
    }

    /** The decision that let the request through. */
    public static Decision decision(HttpServletRequest request) {
        return SharedRequest.of(request).decision();
    }

    @Override
    public void doFilter(ServletRequest servletRequest, ServletResponse servletResponse, FilterChain chain)
            throws IOException, ServletException {
        var request = (HttpServletRequest) servletRequest;
        var response = (HttpServletResponse) servletResponse;
        if (SharedRequest.isShared(request)) {
            if (mayGoOn(request, response)) chain.doFilter(request, response);
            return;
        }
        HttpRequest.Builder described = described(request);
        Credentials.addFields(described, request);
        Decision decision = client.authorize(described.build());
        if (!decision.allowed()) {
            Responses.write(response, ErrorResponse.to(decision));
            return;
        }
        Responses.addHeaders(response, decision.headers());
        proceed(new SharedRequest(request, response, client, credentials, decision), response, chain);
    }

    // A forward, an include or an asynchronous dispatch: judged by what came, and by where it goes. Nobody can ask a
    // container for its error page, or for a view.
    private boolean mayGoOn(HttpServletRequest request, HttpServletResponse response)
            throws IOException, ServletException {
        boolean included = request.getDispatcherType() == DispatcherType.INCLUDE;
        String path = included
                ? routed((String) request.getAttribute(RequestDispatcher.INCLUDE_SERVLET_PATH), (String)
                        request.getAttribute(RequestDispatcher.INCLUDE_PATH_INFO))
                : routed(request.getServletPath(), request.getPathInfo());
        if (request.getDispatcherType() == DispatcherType.ERROR || path.startsWith("/WEB-INF/")) return true;
        SharedRequest shared = SharedRequest.of(request);
        HttpRequest.Builder builder = described((HttpServletRequest) shared.getRequest());
        shared.addFields(builder);
        if (!path.isEmpty()) builder.reading(request.getMethod(), path, true);
        Decision decision = client.authorize(builder.build());
        if (decision.allowed()) return true;
        if (included || response.isCommitted()) throw new ServletException("the policy denies what was dispatched to");
        response.resetBuffer();
        Responses.write(response, ErrorResponse.to(decision));
        return false;
    }

    // Without its fields.
    private static HttpRequest.Builder described(HttpServletRequest request) {
        HttpRequest.Builder builder = HttpRequest.builder(request.getMethod(), request.getRequestURI())
                .scheme(request.getScheme())
                .peer(request.getRemoteAddr())
                .prefix(request.getContextPath());
        String decoded = routed(request.getServletPath(), request.getPathInfo());
        if (!decoded.isEmpty()) builder.reading(request.getMethod(), decoded, true);
        return builder;
    }

    // What servlets are found by, decoded by the container.
    private static String routed(String servletPath, String pathInfo) {
        return (servletPath == null ? "" : servletPath) + (pathInfo == null ? "" : pathInfo);
    }

    private static void proceed(SharedRequest request, HttpServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        try {
            chain.doFilter(request, new SavingResponse(response, request::save));
            if (request.isAsyncStarted()) request.saveWhenComplete();
            else request.save();
        } catch (IOException | ServletException | RuntimeException e) {
            FichaException cause = causeOf(e);
            if (cause == null || cause.httpStatus() == 0 || response.isCommitted()) throw e;
            Responses.resetButCookies(response);
            Responses.addHeaders(response, request.decision().headers());
            Responses.write(response, ErrorResponse.to(cause));
        }
    }

    private static FichaException causeOf(Throwable e) {
        for (; e != null; e = e.getCause()) {
            if (e instanceof FichaException ours) return ours;
        }
        return null;
    }
}
