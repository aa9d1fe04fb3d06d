package dev.ficha.servlet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ficha.FichaClient;
import dev.ficha.NewSession;
import dev.ficha.RedisServer;
import dev.ficha.Session;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.apache.catalina.Context;
import org.apache.catalina.startup.Tomcat;
import org.apache.tomcat.util.descriptor.web.FilterDef;
import org.apache.tomcat.util.descriptor.web.FilterMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The filter in a servlet container without Spring, and a client that stands for another language. */
class FichaFilterTest {
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    @TempDir
    static Path directory;

    private static RedisServer redis;
    private static FichaClient others;
    private static Tomcat tomcat;

    private String cookie;

    @BeforeAll
    static void start() throws Exception {
        redis = new RedisServer();
        others = redis.client();
        Path config = Files.writeString(directory.resolve("ficha.toml"), """
            [redis]
            url = "%s"
            command_timeout = "20s"
            connect_timeout = "20s"
            operation_timeout = "50s"
            [trust]
            identity_headers = ["X-User"]
            [[rule]]
            path = "/admin/**"
            roles = ["admin"]
            [[rule]]
            path = "/**"
            allow = "anyone"
            """.formatted(redis.url()));
        tomcat = new Tomcat();
        tomcat.setBaseDir(directory.resolve("tomcat").toString());
        tomcat.setPort(0);
        Context shop = tomcat.addContext("/shop", null);
        FilterDef filter = new FilterDef();
        filter.setFilterName("ficha");
        filter.setFilterClass(FichaFilter.class.getName());
        filter.addInitParameter("config", config.toString());
        filter.setAsyncSupported("true");
        shop.addFilterDef(filter);
        FilterMap everything = new FilterMap();
        everything.setFilterName("ficha");
        everything.addURLPattern("/*");
        for (DispatcherType type : DispatcherType.values()) everything.setDispatcher(type.name());
        shop.addFilterMap(everything);
        Tomcat.addServlet(shop, "shop", new Shop()).addMapping("/*");
        tomcat.getConnector();
        tomcat.start();
    }

    @AfterAll
    static void stop() throws Exception {
        tomcat.stop();
        tomcat.destroy();
        others.close();
        redis.close();
    }

    /** What people write. */
    static final class Shop extends HttpServlet {
        private static final long serialVersionUID = 1;

        @Override
        protected void service(HttpServletRequest request, HttpServletResponse response)
                throws IOException, ServletException {
            HttpSession session;
            if (request.getDispatcherType() == DispatcherType.INCLUDE) return;
            String to = request.getParameter("to");
            switch (String.valueOf(request.getPathInfo())) {
                case "/forward" -> {
                    request.getRequestDispatcher(to).forward(request, response);
                    return;
                }
                case "/login-and-forward" -> {
                    FichaFilter.login(request, NewSession.of("alice").roles("admin"));
                    request.getRequestDispatcher(to).forward(request, response);
                    return;
                }
                case "/include" -> {
                    request.getRequestDispatcher(to).include(request, response);
                    return;
                }
                default -> {}
            }
            String answer =
                    switch (request.getPathInfo()) {
                        case "/login" -> {
                            FichaFilter.login(request, NewSession.of("alice").roles("admin"));
                            yield request.getSession().getId();
                        }
                        case "/login-late" -> {
                            session = request.getSession();
                            session.removeAttribute("cart");
                            others.patch(
                                    session.getId(), dev.ficha.Patch.create().set("theirs", true));
                            FichaFilter.login(request, NewSession.of("alice"));
                            yield "";
                        }
                        case "/gone" -> {
                            session = request.getSession();
                            session.setAttribute("late", true);
                            others.revoke(session.getId());
                            yield "";
                        }
                        case "/logout" -> {
                            request.getSession().invalidate();
                            yield "bye";
                        }
                        case "/add" -> {
                            session = request.getSession();
                            List<Object> cart = new ArrayList<>();
                            if (session.getAttribute("cart") instanceof List<?> before) cart.addAll(before);
                            cart.add(request.getParameter("item"));
                            session.setAttribute("cart", cart);
                            yield cart.toString();
                        }
                        case "/nested" -> {
                            session = request.getSession();
                            @SuppressWarnings("unchecked")
                            var cart = (List<Object>) session.getAttribute("cart");
                            cart.add("nested");
                            yield "";
                        }
                        case "/uuid" -> {
                            try {
                                request.getSession().setAttribute("id", UUID.randomUUID());
                                yield "set";
                            } catch (IllegalArgumentException e) {
                                yield e.getMessage();
                            }
                        }
                        case "/redirect" -> {
                            request.getSession().setAttribute("flash", "written");
                            response.sendRedirect("/shop/flash");
                            yield "";
                        }
                        case "/flash" -> String.valueOf(request.getSession().getAttribute("flash"));
                        case "/change" -> request.getRequestedSessionId() + " " + request.changeSessionId();
                        case "/typed" -> typed(request, "Cookie") + typed(request, "Authorization");
                        case "/look" -> "" + request.getSession().isNew() + request.getRequestedSessionId();
                        default ->
                            request.getRemoteUser() + " " + request.isUserInRole("admin") + " "
                                    + request.getHeader("Cookie") + " " + request.getHeader("X-User");
                    };
            if (!response.isCommitted()) response.getWriter().write(answer);
        }

        private static String typed(HttpServletRequest request, String field) {
            String number;
            try {
                number = "" + request.getIntHeader(field);
            } catch (NumberFormatException e) {
                number = e.getMessage();
            }
            try {
                return number + " " + request.getDateHeader(field) + "\n";
            } catch (IllegalArgumentException e) {
                return number + " " + e.getMessage() + "\n";
            }
        }
    }

    private HttpResponse<String> get(String path, String... more) throws Exception {
        var request = HttpRequest.newBuilder(
                URI.create("http://localhost:" + tomcat.getConnector().getLocalPort() + "/shop" + path));
        if (cookie != null) request.header("Cookie", cookie);
        for (int i = 0; i < more.length; i += 2) request.header(more[i], more[i + 1]);
        HttpResponse<String> response = HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
        List<String> cookies = response.headers().allValues("Set-Cookie");
        assertTrue(cookies.size() <= 1, cookies::toString);
        for (String each : cookies) {
            String pair = each.substring(0, each.indexOf(';'));
            cookie = pair.endsWith("=") ? null : pair;
        }
        return response;
    }

    private Session stored() {
        return others.load(cookie.substring(cookie.indexOf('=') + 1), false, true)
                .orElseThrow();
    }

    @Test
    void thePolicyStandsBeforeEveryServletWithoutTheContextPath() throws Exception {
        HttpResponse<String> denied = get("/admin/x");
        assertEquals(401, denied.statusCode());
        assertEquals("{\"error\":\"unauthenticated\",\"message\":\"log in first\"}\n", denied.body());
        assertEquals(
                "application/json", denied.headers().firstValue("Content-Type").orElseThrow());
        assertEquals(401, get("/%61dmin/x").statusCode());
        assertEquals(200, get("/who").statusCode());
        get("/login");
        assertEquals(200, get("/admin/x").statusCode());
    }

    @Test
    void whereARequestIsForwardedOrIncludedIsJudgedTooByTheSessionOfThatMoment() throws Exception {
        assertEquals(200, get("/forward?to=/who").statusCode());
        assertEquals(401, get("/forward?to=/admin/x").statusCode());
        assertEquals(500, get("/include?to=/admin/x").statusCode());
        assertEquals(200, get("/login-and-forward?to=/admin/x").statusCode());
        assertEquals(200, get("/forward?to=/admin/x").statusCode());
        assertEquals(200, get("/include?to=/admin/x").statusCode());
    }

    @Test
    void aSessionIsStoredWhenSomethingIsPutIntoItAndReadByAll() throws Exception {
        assertEquals("truenull", get("/look").body());
        assertNull(cookie);
        assertEquals("[pen]", get("/add?item=pen").body());
        assertEquals(List.of("pen"), stored().attribute("cart"));
        get("/nested");
        assertEquals(List.of("pen", "nested"), stored().attribute("cart"));
        others.patch(stored().id(), dev.ficha.Patch.create().set("cart", List.of("ink")));
        assertEquals("[ink, cup]", get("/add?item=cup").body());
    }

    @Test
    void aLoginGivesANewTokenAPrincipalAndRolesAndKeepsWhatWasCollected() throws Exception {
        get("/add?item=pen");
        String before = cookie;
        String id = get("/login").body();
        assertNotEquals(before, cookie);
        assertEquals(stored().id(), id);
        assertEquals("alice", stored().principal());
        assertEquals(List.of("pen"), stored().attribute("cart"));
        assertEquals("alice true null null", get("/who", "X-User", "mallory").body());
        assertTrue(others.load(before.substring(before.indexOf('=') + 1), false, true)
                .isEmpty());
    }

    @Test
    void aFieldAskedForAsANumberOrADateSaysNoMoreThanHandlersSeeOfIt() throws Exception {
        get("/login");
        assertEquals("-1 -1\n-1 -1\n", get("/typed").body());
        String ours = cookie;
        cookie = "a=1; " + ours;
        assertEquals(
                "For input string: \"a=1\" Cookie is no date\n-1 -1\n",
                get("/typed").body());
        cookie = null;
        String token = ours.substring(ours.indexOf('=') + 1);
        assertEquals(
                "-1 -1\n-1 -1\n",
                get("/typed", "Authorization", "Bearer " + token).body());
        assertEquals(
                "-1 -1\nFor input string: \"Basic YTpi\" Authorization is no date\n",
                get("/typed", "Authorization", "Basic YTpi").body());
    }

    @Test
    void aLogoutEndsTheSessionEverywhere() throws Exception {
        get("/login");
        String token = cookie.substring(cookie.indexOf('=') + 1);
        get("/logout");
        assertNull(cookie);
        assertTrue(others.load(token, false, true).isEmpty());
        cookie = "__Host-ficha=" + token;
        assertEquals("true" + others.idOf(token).orElseThrow(), get("/look").body());
    }

    @Test
    void aSessionThatEndedWhileAHandlerRanIs401() throws Exception {
        get("/login");
        HttpResponse<String> gone = get("/gone");
        assertEquals(401, gone.statusCode());
        assertTrue(gone.body().startsWith("{\"error\":\"session_gone\","), gone.body());
        assertEquals(
                "Bearer error=\"invalid_token\"",
                gone.headers().firstValue("WWW-Authenticate").orElseThrow());
        assertEquals("Cookie", gone.headers().firstValue("Vary").orElseThrow());
    }

    @Test
    void aLoginKeepsWhatAnotherRequestWroteMeanwhileAndDropsWhatThisOneRemoved() throws Exception {
        get("/add?item=pen");
        get("/login-late");
        assertEquals(java.util.Map.of("theirs", true), stored().attributes());
    }

    @Test
    void aRedirectReadsWhatWasWrittenBeforeIt() throws Exception {
        assertEquals(302, get("/redirect").statusCode());
        assertEquals("written", get("/flash").body());
    }

    @Test
    void anIdChangesWithItsToken() throws Exception {
        get("/add?item=pen");
        String before = stored().id();
        String[] ids = get("/change").body().split(" ");
        assertEquals(before, ids[0]);
        assertEquals(stored().id(), ids[1]);
        assertNotEquals(before, ids[1]);
    }

    @Test
    void whatJsonDoesNotHaveIsRefusedWhenItIsSet() throws Exception {
        assertEquals(
                "session attribute \"id\": java.util.UUID has no JSON form; give its text",
                get("/uuid").body());
    }
}
