package parity;

import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.boot.web.servlet.ServletRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.stereotype.Controller;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseBody;
import org.springframework.web.servlet.function.RouterFunction;
import org.springframework.web.servlet.function.RouterFunctions;
import org.springframework.web.servlet.function.ServerResponse;

/** Handlers that say who they are, first of all. */
@Controller
class Handlers {
    private static final String INCLUDED = "parity.included";

    /** An included handler's header is lost: whoever includes it says it. */
    private static String say(String label, HttpServletRequest request, HttpServletResponse response) {
        response.addHeader("X-Handler", label);
        Object before = request.getAttribute(INCLUDED);
        request.setAttribute(INCLUDED, before == null ? label : before + "," + label);
        return label;
    }

    @RequestMapping({"/secret", "/secret/{id}"})
    @ResponseBody
    String secret(HttpServletRequest request, HttpServletResponse response) {
        return say("secret", request, response);
    }

    @RequestMapping("/Capital/x")
    @ResponseBody
    String capital(HttpServletRequest request, HttpServletResponse response) {
        return say("capital", request, response);
    }

    @RequestMapping("/account/x")
    @ResponseBody
    String account(HttpServletRequest request, HttpServletResponse response) {
        return say("account", request, response);
    }

    @GetMapping("/items")
    @ResponseBody
    String readItems(HttpServletRequest request, HttpServletResponse response) {
        return say("items_read", request, response);
    }

    @PostMapping("/items")
    @ResponseBody
    String writeItems(HttpServletRequest request, HttpServletResponse response) {
        return say("items_write", request, response);
    }

    @RequestMapping({"/users", "/users/{id}"})
    @ResponseBody
    String users(HttpServletRequest request, HttpServletResponse response) {
        return say("users", request, response);
    }

    @RequestMapping("/closed/x")
    @ResponseBody
    String closed(HttpServletRequest request, HttpServletResponse response) {
        return say("closed", request, response);
    }

    @RequestMapping({"/", "/public/**"})
    @ResponseBody
    String open(HttpServletRequest request, HttpServletResponse response) {
        return say("public", request, response);
    }

    // --- routed again ----------------------------------------------------------------------------------------------

    @RequestMapping("/public/forward")
    void forward(@RequestParam String to, HttpServletRequest request, HttpServletResponse response)
            throws ServletException, IOException {
        say("public", request, response);
        request.getRequestDispatcher(to).forward(request, response);
    }

    @RequestMapping("/public/include")
    void include(@RequestParam String to, HttpServletRequest request, HttpServletResponse response)
            throws ServletException, IOException {
        say("public", request, response);
        request.removeAttribute(INCLUDED);
        request.getRequestDispatcher(to).include(request, response);
        Object included = request.getAttribute(INCLUDED);
        if (included != null) response.addHeader("X-Handler", included.toString());
    }

    @RequestMapping("/public/async")
    void async(@RequestParam String to, HttpServletRequest request, HttpServletResponse response) {
        say("public", request, response);
        request.startAsync().dispatch(to);
    }

    @RequestMapping("/public/view")
    String view(@RequestParam String to, HttpServletRequest request, HttpServletResponse response) {
        say("public", request, response);
        return "forward:" + to;
    }

    // --- beside controllers ----------------------------------------------------------------------------------------

    @Bean
    RouterFunction<ServerResponse> functional() {
        return RouterFunctions.route()
                .path("/secret", secret -> secret.GET("/functional/{id}", request -> ServerResponse.ok()
                        .header("X-Handler", "secret")
                        .body("secret")))
                .build();
    }

    @Bean
    ServletRegistrationBean<HttpServlet> secretServlet() {
        return servlet("secret", "/secret/servlet/*");
    }

    @Bean
    ServletRegistrationBean<HttpServlet> accountServlet() {
        return servlet("account", "/account/servlet/*");
    }

    private static ServletRegistrationBean<HttpServlet> servlet(String label, String mapping) {
        var registration = new ServletRegistrationBean<HttpServlet>(
                new HttpServlet() {
                    private static final long serialVersionUID = 1;

                    @Override
                    protected void service(HttpServletRequest request, HttpServletResponse response) {
                        say(label, request, response);
                    }
                },
                mapping);
        registration.setName(label + "Servlet");
        return registration;
    }
}
