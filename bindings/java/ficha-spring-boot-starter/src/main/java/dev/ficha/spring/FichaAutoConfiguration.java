package dev.ficha.spring;

import dev.ficha.FichaClient;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.ServletContext;
import java.time.Duration;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.session.autoconfigure.SessionAutoConfiguration;
import org.springframework.boot.session.autoconfigure.SessionTimeout;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.ImportRuntimeHints;
import org.springframework.core.env.Environment;
import org.springframework.session.SessionRepository;
import org.springframework.session.config.annotation.web.http.SpringHttpSessionConfiguration;
import org.springframework.session.web.http.CookieSerializer;
import org.springframework.session.web.http.HttpSessionIdResolver;
import org.springframework.util.StringUtils;
import tools.jackson.databind.JacksonModule;

/** Sessions shared with services in other languages, as HttpSession; and the policy before every request. */
@AutoConfiguration(before = SessionAutoConfiguration.class)
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
@ConditionalOnMissingBean(SessionRepository.class)
@EnableConfigurationProperties(FichaProperties.class)
@Import(SpringHttpSessionConfiguration.class)
@ImportRuntimeHints(FichaRuntimeHints.class)
public final class FichaAutoConfiguration {

    FichaAutoConfiguration(Environment environment) {
        FichaPropertyNames.check(environment);
    }

    @Bean(destroyMethod = "close")
    @ConditionalOnMissingBean
    FichaClient fichaClient(
            FichaProperties properties,
            ObjectProvider<SessionTimeout> springTimeout,
            ObjectProvider<ServletContext> servletContext) {
        Set<String> prefixes = prefixes(properties, servletContext);
        if (!StringUtils.hasText(properties.config())) {
            SessionTimeout timeout = springTimeout.getIfAvailable();
            Duration idle = timeout == null ? null : timeout.getTimeout();
            return FichaClient.of(FichaSettings.completed(properties, idle), prefixes);
        }
        // An environment variable that the file refers to, FICHA_REDIS_URL for one, looks like a property to Spring
        // Boot.
        Set<String> names = FichaSettings.of(properties).keySet();
        names.removeIf(name -> name.startsWith("redis."));
        if (!names.isEmpty()) {
            throw new IllegalStateException("ficha.config names a file, which must have what is given as properties: "
                    + String.join(", ", names));
        }
        return FichaClient.open(properties.config(), prefixes);
    }

    // The path that the application itself is deployed at is configured by that.
    private static Set<String> prefixes(FichaProperties properties, ObjectProvider<ServletContext> servletContext) {
        var prefixes = new LinkedHashSet<>(properties.prefixes());
        servletContext.ifAvailable(context -> prefixes.add(context.getContextPath()));
        prefixes.remove("");
        return prefixes;
    }

    @Bean
    @ConditionalOnMissingBean
    AttributeMapper fichaAttributeMapper(FichaProperties properties) {
        return new JacksonAttributeMapper(properties.attributes().types());
    }

    @Bean
    FichaSessionRepository fichaSessionRepository(
            FichaClient client,
            AttributeMapper mapper,
            ObjectProvider<SpringAttributeModules> springModules,
            ObjectProvider<SecurityContexts> contexts,
            ApplicationEventPublisher events) {
        List<JacksonModule> modules =
                springModules.stream().flatMap(each -> each.modules().stream()).toList();
        return new FichaSessionRepository(
                client,
                mapper,
                new SpringValues(modules, mapper),
                contexts.getIfAvailable(() -> SecurityContexts.NONE),
                events);
    }

    @Bean
    HttpSessionIdResolver fichaSessionIdResolver(
            FichaClient client,
            Environment environment,
            ObjectProvider<CookieSerializer> serializer,
            ObjectProvider<ExpiredSessions> expired) {
        ServletCookie.check(environment, client);
        if (serializer.getIfAvailable() != null) {
            throw new IllegalStateException("a CookieSerializer does not count for the sessions of Ficha: describe the"
                    + " cookie by ficha.cookie.* instead");
        }
        return new FichaSessionIdResolver(client, expired.getIfAvailable());
    }

    @Bean
    Judge fichaJudge(FichaClient client) {
        return new Judge(client);
    }

    @Bean
    FilterRegistrationBean<FichaFilter> fichaFilter(Judge judge) {
        var registration = new FilterRegistrationBean<>(new FichaFilter(judge));
        registration.setOrder(FichaFilter.ORDER);
        registration.setDispatcherTypes(EnumSet.allOf(DispatcherType.class));
        registration.setAsyncSupported(true);
        return registration;
    }
}
