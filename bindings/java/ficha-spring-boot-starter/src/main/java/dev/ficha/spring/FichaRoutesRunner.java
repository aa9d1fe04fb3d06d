package dev.ficha.spring;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.context.ConfigurableApplicationContext;

/** {@code --ficha.routes=check}: prints the routes, and ends the application. */
final class FichaRoutesRunner implements ApplicationListener<ApplicationReadyEvent> {
    private final FichaRoutes routes;

    FichaRoutesRunner(FichaRoutes routes) {
        this.routes = routes;
    }

    @Override
    @SuppressWarnings("SystemExit") // what the user asked for
    public void onApplicationEvent(ApplicationReadyEvent event) {
        System.out.println(routes);
        int problems = (int) routes.lines().stream()
                .filter(line -> !line.problem().isEmpty())
                .count();
        ConfigurableApplicationContext context = event.getApplicationContext();
        System.exit(SpringApplication.exit(context, () -> problems == 0 ? 0 : 1));
    }
}
