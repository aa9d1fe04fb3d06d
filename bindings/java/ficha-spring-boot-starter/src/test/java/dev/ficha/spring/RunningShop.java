package dev.ficha.spring;

import dev.ficha.FichaClient;
import dev.ficha.RedisServer;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.springframework.context.ConfigurableApplicationContext;

/** For all tests of a class: a {@link Shop} on a Redis of its own. */
final class RunningShop implements BeforeAllCallback, AfterAllCallback {
    private final Class<?> more;
    private final String[] properties;
    private RedisServer redis;
    private FichaClient others;
    private ConfigurableApplicationContext context;

    /** {@code more}: handlers beside the shop's own. */
    RunningShop(Class<?> more, String... properties) {
        this.more = more;
        this.properties = properties;
    }

    @Override
    public void beforeAll(ExtensionContext test) {
        redis = new RedisServer();
        others = FichaClient.open(redis.url());
        context = Shop.start(redis, more, properties);
    }

    @Override
    public void afterAll(ExtensionContext test) {
        context.close();
        others.close();
        redis.close();
    }

    int port() {
        return Shop.portOf(context);
    }

    Browser newBrowser() {
        return new Browser(Shop.portOf(context));
    }

    /** A service in another language. */
    FichaClient others() {
        return others;
    }

    RedisServer redis() {
        return redis;
    }
}
