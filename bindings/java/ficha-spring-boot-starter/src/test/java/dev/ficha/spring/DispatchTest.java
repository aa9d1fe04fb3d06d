package dev.ficha.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ficha.FichaClient;
import dev.ficha.NewSession;
import dev.ficha.NoLeakedHandles;
import dev.ficha.Patch;
import dev.ficha.Session;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionEvent;
import jakarta.servlet.http.HttpSessionListener;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;

/** A request that a servlet container works on in several turns, and one whose session changes on the way. */
@ExtendWith(NoLeakedHandles.class)
class DispatchTest {
    @RegisterExtension
    static final RunningShop SHOP = new RunningShop(Handlers.class);

    private final FichaClient others = SHOP.others();
    private final Browser browser = SHOP.newBrowser();

    @RestController
    static class Handlers {
        static final AtomicInteger CREATED = new AtomicInteger();
        static final AtomicInteger DESTROYED = new AtomicInteger();

        private final FichaClient client;

        Handlers(FichaClient client) {
            this.client = client;
        }

        @Bean
        static HttpSessionListener counting() {
            return new HttpSessionListener() {
                @Override
                public void sessionCreated(HttpSessionEvent event) {
                    CREATED.incrementAndGet();
                }

                @Override
                public void sessionDestroyed(HttpSessionEvent event) {
                    DESTROYED.incrementAndGet();
                }
            };
        }

        @GetMapping("/public/put")
        String put(HttpSession session) {
            session.setAttribute("first", 1);
            return "put";
        }

        @GetMapping("/public/second")
        String second(HttpSession session) {
            session.setAttribute("second", 2);
            return "first was " + session.getAttribute("first");
        }

        @GetMapping("/public/async")
        void async(HttpServletRequest request) {
            request.getSession().setAttribute("first", 1);
            request.startAsync().dispatch("/public/second");
        }

        @GetMapping("/public/forward")
        void forward(HttpServletRequest request, HttpServletResponse response) throws Exception {
            request.getSession().setAttribute("first", 1);
            request.getRequestDispatcher("/public/second").forward(request, response);
        }

        @GetMapping("/public/include")
        void include(HttpServletRequest request, HttpServletResponse response) throws Exception {
            request.getSession().setAttribute("first", 1);
            request.getRequestDispatcher("/public/second").include(request, response);
        }

        @GetMapping("/public/failing")
        String failing(HttpSession session) {
            session.setAttribute("first", 1);
            throw new IllegalStateException("the handler's own");
        }

        @GetMapping("/public/events")
        SseEmitter events(HttpSession session) {
            session.setAttribute("first", 1);
            var emitter = new SseEmitter();
            new Thread(() -> {
                        try {
                            emitter.send("event");
                            emitter.complete();
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    })
                    .start();
            return emitter;
        }

        @GetMapping("/public/late")
        void late(HttpServletRequest request, HttpServletResponse response) throws IOException {
            response.getWriter().write("begun");
            response.flushBuffer();
            request.getSession().setAttribute("first", 1);
        }

        @GetMapping("/public/late-change")
        void lateChange(HttpServletRequest request, HttpServletResponse response) throws IOException {
            response.getWriter().write("begun");
            response.flushBuffer();
            request.changeSessionId();
        }

        @PostMapping("/public/change")
        String change(HttpServletRequest request) {
            request.getSession().setAttribute("second", 2);
            String id = request.changeSessionId();
            return id + " " + request.getSession().getAttribute("first");
        }

        @PostMapping("/public/restart")
        String restart(HttpServletRequest request) {
            request.getSession().invalidate();
            HttpSession session = request.getSession();
            Object before = session.getAttribute("first");
            session.setAttribute("second", 2);
            return session.isNew() + " " + before;
        }

        @PostMapping("/public/leave")
        String leave(HttpServletRequest request) {
            request.getSession().invalidate();
            return String.valueOf(request.getSession().getAttribute("first"));
        }

        @PostMapping("/public/undo")
        String undo(FichaSession session, HttpServletRequest request) {
            session.login(NewSession.of("alice"));
            request.getSession().invalidate();
            request.getSession().setAttribute("second", 2);
            return "undone";
        }

        @PostMapping("/public/too-much")
        String tooMuch(FichaSession session) {
            session.login(NewSession.of("alice"));
            session.setAttribute("first", "x".repeat(70_000));
            return "as if it were stored";
        }

        @PostMapping("/public/gone")
        String gone(FichaSession session) {
            session.login(NewSession.of("alice"));
            client.patch("A".repeat(24), Patch.create().set("a", 1));
            return "as if it were there";
        }

        @PostMapping("/public/login")
        String login(FichaSession session) {
            session.login(NewSession.of("alice"));
            return "welcome";
        }
    }

    private Session stored() {
        return others.load(browser.token(), false, true).orElseThrow();
    }

    private void hasOneCookieAndBothAttributes(HttpResponse<String> response) {
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(Browser.setCookies(response)).hasSize(1);
        assertThat(stored().attributes()).containsOnlyKeys("first", "second");
    }

    @Test
    void aRequestThatIsDispatchedHasOneSessionAllTheWay() {
        for (String path : new String[] {"/public/async", "/public/forward", "/public/include"}) {
            browser.present("none");
            HttpResponse<String> response = browser.get(path);
            assertThat(response.body()).as(path).isEqualTo("first was 1");
            hasOneCookieAndBothAttributes(response);
        }
    }

    @Test
    void anEventStreamStoresWhatIsSetBeforeIt() {
        HttpResponse<String> response = browser.get("/public/events");
        assertThat(response.body()).contains("event");
        assertThat(Browser.setCookies(response)).hasSize(1);
        assertThat(stored().attributes()).containsOnlyKeys("first");
    }

    @Test
    void aHandlerThatFailsHasStoredItsSession() {
        HttpResponse<String> response = browser.get("/public/failing");
        assertThat(response.statusCode()).isEqualTo(500);
        assertThat(Browser.setCookies(response)).hasSize(1);
        assertThat(stored().attributes()).containsOnlyKeys("first");
    }

    @Test
    void aNewSessionAfterTheResponseWasCommittedIsAnErrorAndIsNotStored() throws Exception {
        SHOP.redis().cli("FLUSHALL");
        assertThatThrownBy(() -> browser.get("/public/late")).isInstanceOf(UncheckedIOException.class);
        assertThat(SHOP.redis().cli("DBSIZE")).isEqualTo("0");
    }

    @Test
    void aTokenIsNotReplacedWhenTheNewOneCouldNotBeSent() {
        browser.get("/public/put");
        assertThatThrownBy(() -> browser.get("/public/late-change")).isInstanceOf(UncheckedIOException.class);
        assertThat(stored().attributes()).containsOnlyKeys("first");
    }

    @Test
    void changeSessionIdGivesANewTokenAndKeepsAttributes() {
        browser.get("/public/put");
        String before = browser.token();
        HttpResponse<String> response = browser.post("/public/change", "");
        hasOneCookieAndBothAttributes(response);
        assertThat(response.body()).isEqualTo(stored().id() + " 1");
        assertThat(others.load(before, false, true)).isEmpty();
    }

    @Test
    void afterInvalidateTheRequestCanHaveANewSession() {
        browser.get("/public/put");
        String before = browser.token();
        HttpResponse<String> response = browser.post("/public/restart", "");
        assertThat(response.body()).isEqualTo("true null");
        assertThat(Browser.setCookies(response)).hasSize(1);
        assertThat(stored().attributes()).containsOnlyKeys("second");
        assertThat(others.load(before, false, true)).isEmpty();
    }

    @Test
    void theCookieIsClearedThoughSomebodyLooksForASessionAfterInvalidate() {
        browser.get("/public/put");
        HttpResponse<String> response = browser.post("/public/leave", "");
        assertThat(Browser.setCookies(response)).singleElement().asString().contains("Max-Age=0");
    }

    @Test
    void aLoginThatIsTakenBackInTheSameRequestLeavesAVisitor() {
        for (String path : new String[] {"/public/put", "/public/hello"}) {
            browser.get(path);
            HttpResponse<String> response = browser.post("/public/undo", "");
            assertThat(response.body()).isEqualTo("undone");
            assertThat(Browser.setCookies(response)).hasSize(1);
            assertThat(stored().isAnonymous()).isTrue();
            assertThat(stored().attributes()).containsOnlyKeys("second");
            assertThat(others.list("alice")).isEmpty();
            browser.present("none");
        }
    }

    @Test
    void theCookieOfALoginGoesOutWithTheErrorAboutWhatCameAfterIt() {
        for (String visit : new String[] {"/public/put", "/public/hello"}) {
            browser.get(visit);
            HttpResponse<String> tooMuch = browser.post("/public/too-much", "");
            assertThat(tooMuch.statusCode()).isEqualTo(413);
            assertThat(stored().principal()).isEqualTo("alice");
            HttpResponse<String> gone = browser.post("/public/gone", "");
            assertThat(gone.statusCode()).isEqualTo(401);
            assertThat(Browser.setCookies(gone)).hasSize(1);
            assertThat(gone.headers().firstValue("Cache-Control")).hasValue("no-store");
            assertThat(stored().principal()).isEqualTo("alice");
            others.revokePrincipal("alice", null);
            browser.present("none");
        }
    }

    @Test
    void listenersHearOfASessionOnceHoweverOftenItsTokenChanges() {
        int created = Handlers.CREATED.get();
        int destroyed = Handlers.DESTROYED.get();
        browser.get("/public/put");
        browser.post("/public/login", "");
        browser.post("/public/login", "");
        browser.post("/invalidate", "");
        assertThat(Handlers.CREATED.get() - created).isEqualTo(1);
        assertThat(Handlers.DESTROYED.get() - destroyed).isEqualTo(1);
    }
}
