package dev.ficha.spring;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ficha.FichaClient;
import dev.ficha.FichaException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.predicate.RuntimeHintsPredicates;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.session.autoconfigure.SessionAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ReactiveWebApplicationContextRunner;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;
import org.springframework.session.MapSessionRepository;
import org.springframework.session.SessionRepository;
import org.springframework.session.web.http.CookieSerializer;
import org.springframework.session.web.http.DefaultCookieSerializer;
import org.springframework.session.web.http.SessionRepositoryFilter;

/** Which beans there are, and when; and what properties become. */
class ConfigurationTest {
    private final WebApplicationContextRunner runner = new WebApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(
                    FichaAutoConfiguration.class,
                    FichaSecurityAutoConfiguration.class,
                    FichaWebMvcAutoConfiguration.class,
                    FichaHealthAutoConfiguration.class,
                    FichaMetricsAutoConfiguration.class,
                    FichaUnusedAutoConfiguration.class,
                    SessionAutoConfiguration.class))
            .withPropertyValues("ficha.redis.url=memory://");

    @Test
    void onePropertyIsEnough() {
        runner.run(context -> assertThat(context)
                .hasSingleBean(FichaClient.class)
                .hasSingleBean(FichaSessionRepository.class)
                .hasSingleBean(SessionRepositoryFilter.class)
                .hasBean("fichaFilter")
                .hasBean("fichaHealthIndicator")
                .hasBean("sessionRepositoryFilterRegistration"));
    }

    @Test
    void healthTellsWhatTheServerEvicts() {
        runner.run(context -> assertThat(context.getBean("fichaHealthIndicator", HealthIndicator.class)
                        .health()
                        .getDetails())
                .containsEntry("evictionPolicy", "noeviction"));
    }

    @Test
    void springSecurityActuatorAndSpringMvcMayBeMissing() {
        runner.withClassLoader(new FilteredClassLoader(
                        "org.springframework.security",
                        "org.springframework.boot.health.contributor",
                        "io.micrometer",
                        "org.springframework.web.servlet"))
                .run(context -> assertThat(context)
                        .hasNotFailed()
                        .hasSingleBean(FichaSessionRepository.class)
                        .doesNotHaveBean(SecurityContexts.class));
    }

    @Test
    void anotherSessionRepositoryIsNoWayAroundThePolicy() {
        runner.withBean(SessionRepository.class, () -> new MapSessionRepository(new java.util.HashMap<>()))
                .run(context -> assertThat(context)
                        .getFailure()
                        .rootCause()
                        .hasMessageContaining("SessionRepository of its own"));
    }

    @Test
    void aWebFluxApplicationDoesNotStart() {
        new ReactiveWebApplicationContextRunner()
                .withConfiguration(
                        AutoConfigurations.of(FichaAutoConfiguration.class, FichaReactiveAutoConfiguration.class))
                .run(context -> assertThat(context).getFailure().rootCause().hasMessageContaining("WebFlux"));
    }

    @Test
    void aPropertyThatThereIsNotStopsTheApplicationAndNamesTheNearest() {
        for (String[] pair : new String[][] {
            {"ficha.rules[0].role=admin", "ficha.rules[0].role", "ficha.rules[0].roles"},
            {"ficha.cookie.nmae=x", "ficha.cookie.nmae", "ficha.cookie.name"},
            {"ficha.cokie.name=x", "ficha.cokie.name", "ficha.cookie.name"},
            {"ficha.rule[0].path=/x", "ficha.rule[0].path", "ficha.rules[0].path"},
            {"ficha.session.idle_timeot=1m", "ficha.session.idle_timeot", "ficha.session.idle-timeout"},
            {"ficha.config.path=x", "ficha.config.path", "ficha.config"}
        }) {
            runner.withPropertyValues(pair[0]).run(context -> assertThat(context)
                    .getFailure()
                    .rootCause()
                    .as(pair[0])
                    .hasMessageContaining("did you mean \"" + pair[2] + "\"?"));
        }
    }

    @Test
    void everyWayToWriteAPropertyThatThereIsWorks() {
        for (String property : new String[] {
            "ficha.near-cache.max_entries=9", "ficha.nearCache.maxEntries=9",
                    "ficha.attributes.types.a.b=java.lang.Long",
            "ficha.rules[0].methods[0]=GET", "FICHA_COOKIE_SAMESITE=lax", "ficha.trust.identity-headers=X-A,X-B"
        }) {
            runner.withPropertyValues("ficha.rules[0].path=/**")
                    .withPropertyValues(property)
                    .run(context -> assertThat(context).as(property).hasNotFailed());
        }
    }

    @Test
    void anEmptyListOfRolesIsNoRule() {
        runner.withPropertyValues("ficha.rules[0].path=/**", "ficha.rules[0].roles=")
                .run(context -> assertThat(context).getFailure().rootCause().hasMessageContaining("roles"));
    }

    @Test
    void propertiesBecomeSettingsUnderTheNamesOfTheFile() {
        runner.withPropertyValues(
                        "ficha.session.idle-timeout=15m",
                        "ficha.session.on-limit=refuse",
                        "ficha.session.writes=add-only",
                        "ficha.redis.command-timeout=150ms",
                        "ficha.near-cache.max-entries=1000",
                        "ficha.rules[0].path=/x/*",
                        "ficha.rules[0].methods=GET,PUT",
                        "ficha.rules[0].max-auth-age=5m")
                .run(context -> assertThat(FichaSettings.of(context.getBean(FichaProperties.class)))
                        .containsEntry("redis.url", "memory://")
                        .containsEntry("session.idle_timeout", "900s")
                        .containsEntry("session.on_limit", "refuse")
                        .containsEntry("session.writes", "add-only")
                        .containsEntry("redis.command_timeout", "150ms")
                        .containsEntry("near_cache.max_entries", 1000)
                        .containsEntry("rule[0].path", "/x/*")
                        .containsEntry("rule[0].methods", java.util.List.of("GET", "PUT"))
                        .containsEntry("rule[0].max_auth_age", "300s")
                        .hasSize(9));
    }

    @Test
    void aMistakeInAPropertyStopsTheApplicationAndNamesTheKey() {
        runner.withPropertyValues("ficha.session.max-per-principal=-1").run(context -> assertThat(context)
                .getFailure()
                .rootCause()
                .isInstanceOf(FichaException.InvalidConfig.class)
                .hasMessageContaining("session.max_per_principal"));
    }

    @Test
    void aFileTakesThePlaceOfTheOtherProperties(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(
                folder.resolve("ficha.toml"),
                "[redis]\nurl = \"memory://\"\n[[rule]]\npath = \"/**\"\nallow = \"anyone\"\n");
        var withFile = new WebApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(FichaAutoConfiguration.class, SessionAutoConfiguration.class))
                .withPropertyValues("ficha.config=" + file);
        withFile.withPropertyValues("ficha.attributes.types.cart=java.lang.String")
                .run(context -> assertThat(context).hasSingleBean(FichaClient.class));
        withFile.withPropertyValues("ficha.session.idle-timeout=1m")
                .run(context ->
                        assertThat(context).getFailure().rootCause().hasMessageContaining("session.idle_timeout"));
        withFile.withSystemProperties("ficha.redis.url=redis://127.0.0.1:1/0")
                .run(context -> assertThat(context.getBean(FichaClient.class).list("alice"))
                        .isEmpty());
    }

    @Test
    void nativeImagesGetTheCore() {
        var hints = new RuntimeHints();
        new FichaRuntimeHints().registerHints(hints, getClass().getClassLoader());
        assertThat(RuntimeHintsPredicates.resource().forResource("dev/ficha/native/linux-x86_64/libficha_jni.so"))
                .accepts(hints);
    }

    @Test
    void propertiesOfTheServletCookieCountOrStopTheApplication() {
        runner.withPropertyValues(
                        "server.servlet.session.cookie.name=__Host-ficha",
                        "server.servlet.session.cookie.http-only=true",
                        "server.servlet.session.cookie.secure=true",
                        "server.servlet.session.cookie.path=/",
                        "server.servlet.session.cookie.same-site=lax")
                .run(context -> assertThat(context).hasNotFailed());
        for (String[] pair : new String[][] {
            {"name=JSESSIONID", "ficha.cookie.name"},
            {"domain=example.org", "ficha.cookie.domain"},
            {"same-site=strict", "ficha.cookie.same-site"},
            {"secure=false", "ficha.cookie.insecure-http"},
            {"max-age=30m", "ficha.cookie.persistent"},
            {"http-only=false", "always HttpOnly"},
            {"path=/shop", "for the path /"},
            {"partitioned=true", "no such attribute"}
        }) {
            String property = "server.servlet.session.cookie." + pair[0];
            runner.withPropertyValues(property).run(context -> assertThat(context)
                    .getFailure()
                    .rootCause()
                    .hasMessageContaining(property)
                    .hasMessageContaining(pair[1]));
        }
        runner.withPropertyValues("ficha.cookie.same-site=strict", "server.servlet.session.cookie.same-site=strict")
                .run(context -> assertThat(context).hasNotFailed());
        runner.withBean(CookieSerializer.class, DefaultCookieSerializer::new)
                .run(context -> assertThat(context).getFailure().rootCause().hasMessageContaining("CookieSerializer"));
    }
}
