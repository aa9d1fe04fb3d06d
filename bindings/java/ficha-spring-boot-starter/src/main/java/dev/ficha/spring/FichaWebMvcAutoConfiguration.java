package dev.ficha.spring;

import dev.ficha.FichaClient;
import java.util.List;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.web.context.WebApplicationContext;
import org.springframework.web.method.support.HandlerMethodArgumentResolver;
import org.springframework.web.servlet.config.annotation.InterceptorRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;
import org.springframework.web.servlet.handler.MappedInterceptor;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;

/** Handlers of Spring MVC: {@link RequireFresh}, and sessions as parameters. */
@AutoConfiguration(after = FichaAutoConfiguration.class)
@ConditionalOnClass(WebMvcConfigurer.class)
@ConditionalOnBean(FichaSessionRepository.class)
public final class FichaWebMvcAutoConfiguration {

    /** Of every handler mapping in the context, Actuator's included. */
    @Bean
    MappedInterceptor fichaJudgingInterceptor(Judge judge, WebApplicationContext context) {
        return new MappedInterceptor(null, null, new JudgingInterceptor(judge, context.getServletContext()));
    }

    @Bean
    FichaRoutes fichaRoutes(FichaClient client, WebApplicationContext context) {
        return new FichaRoutes(client, context);
    }

    @Bean
    @ConditionalOnProperty("ficha.routes")
    FichaRoutesRunner fichaRoutesRunner(FichaRoutes routes) {
        return new FichaRoutesRunner(routes);
    }

    @Bean
    RequireFreshInterceptor fichaRequireFreshInterceptor(FichaClient client) {
        return new RequireFreshInterceptor(client);
    }

    /** A mistake in an annotation stops the application, not its users. */
    @Bean
    SmartInitializingSingleton fichaAnnotationCheck(
            RequireFreshInterceptor interceptor, ObjectProvider<RequestMappingHandlerMapping> mappings) {
        return () -> mappings.forEach(
                mapping -> interceptor.check(mapping.getHandlerMethods().values()));
    }

    @Bean
    WebMvcConfigurer fichaWebMvcConfigurer(RequireFreshInterceptor interceptor) {
        return new WebMvcConfigurer() {
            @Override
            public void addInterceptors(InterceptorRegistry registry) {
                registry.addInterceptor(interceptor);
            }

            @Override
            public void addArgumentResolvers(List<HandlerMethodArgumentResolver> resolvers) {
                resolvers.add(new SessionArgumentResolver());
            }
        };
    }
}
