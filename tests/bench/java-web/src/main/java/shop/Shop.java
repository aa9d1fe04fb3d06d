package shop;

import jakarta.servlet.http.HttpSession;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** The application of both sides: one route that fills a session, one that reads it. */
@SpringBootApplication
@RestController
public class Shop {

    public static void main(String[] arguments) {
        SpringApplication.run(Shop.class, arguments);
    }

    @GetMapping("/fill")
    Map<String, Object> fill(HttpSession session) {
        var cart = new ArrayList<Map<String, Object>>();
        for (int item = 0; item < 5; item++) cart.add(new HashMap<>(Map.of("item", item, "count", 1)));
        session.setAttribute("name", "alice");
        session.setAttribute("cart", cart);
        return Map.of();
    }

    @GetMapping("/show")
    Map<String, Object> show(HttpSession session) {
        return Map.of("name", session.getAttribute("name"), "items", ((List<?>) session.getAttribute("cart")).size());
    }
}
