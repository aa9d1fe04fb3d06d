package dev.ficha.spring;

import dev.ficha.FichaClient;
import jakarta.servlet.DispatcherType;
import java.util.EnumSet;
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
import org.springframework.session.SessionRepository;
import org.springframework.session.config.annotation.web.http.SpringHttpSessionConfiguration;
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

    @Bean(destroyMethod = "close")
    @ConditionalOnMissingBean
    FichaClient fichaClient(FichaProperties properties, ObjectProvider<SessionTimeout> springTimeout) {
        if (!StringUtils.hasText(properties.config())) {
            SessionTimeout timeout = springTimeout.getIfAvailable();
            return FichaClient.of(FichaSettings.completed(properties, timeout == null ? null : timeout.getTimeout()));
        }
        // An environment variable that the file refers to, FICHA_REDIS_URL for one, looks like a property to Spring
        // Boot.
        Set<String> names = FichaSettings.of(properties).keySet();
        names.removeIf(name -> name.startsWith("redis."));
        if (!names.isEmpty()) {
            throw new IllegalStateException("ficha.config names a file, which must have what is given as properties: "
                    + String.join(", ", names));
        }
        return FichaClient.open(properties.config());
    }

    @Bean
    @ConditionalOnMissingBean
    AttributeMapper fichaAttributeMapper(
            FichaProperties properties, ObjectProvider<SpringAttributeModules> springModules) {
        List<JacksonModule> modules =
                springModules.stream().flatMap(each -> each.modules().stream()).toList();
        return new JacksonAttributeMapper(properties.attributes().types(), modules);
    }

    @Bean
    FichaSessionRepository fichaSessionRepository(
            FichaClient client,
            AttributeMapper mapper,
            ObjectProvider<SecurityContexts> contexts,
            ApplicationEventPublisher events) {
        return new FichaSessionRepository(client, mapper, contexts.getIfAvailable(() -> SecurityContexts.NONE), events);
    }

    @Bean
    HttpSessionIdResolver fichaSessionIdResolver(FichaClient client) {
        return new FichaSessionIdResolver(client);
    }

    @Bean
    FilterRegistrationBean<FichaFilter> fichaFilter(FichaClient client) {
        var registration = new FilterRegistrationBean<>(new FichaFilter(client));
        registration.setOrder(FichaFilter.ORDER);
        registration.setDispatcherTypes(EnumSet.of(DispatcherType.REQUEST, DispatcherType.ASYNC, DispatcherType.ERROR));
        registration.setAsyncSupported(true);
        return registration;
    }
}
