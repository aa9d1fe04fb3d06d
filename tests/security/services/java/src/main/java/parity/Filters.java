package parity;

import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import java.util.Locale;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.filter.UrlHandlerFilter;

/** What applications put before and after the policy, with nobody in mind who means them harm. */
@Configuration(proxyBeanMethods = false)
class Filters {
    private static final int BEFORE = dev.ficha.spring.FichaFilter.ORDER - 1;
    private static final int AFTER = dev.ficha.spring.FichaFilter.ORDER + 1;

    @Bean
    FilterRegistrationBean<Filter> rewritingBefore() {
        return rewriting("X-Original-URL", BEFORE);
    }

    @Bean
    FilterRegistrationBean<Filter> rewritingAfter() {
        return rewriting("X-Rewrite-URL", AFTER);
    }

    @Bean
    FilterRegistrationBean<Filter> methodAfter() {
        return registered(AFTER, (request, response, chain) -> {
            String method = ((HttpServletRequest) request).getHeader("X-HTTP-Method-Override");
            chain.doFilter(method == null ? request : withMethod((HttpServletRequest) request, method), response);
        });
    }

    @Bean
    FilterRegistrationBean<UrlHandlerFilter> trailingSlashes() {
        var registration = new FilterRegistrationBean<>(
                UrlHandlerFilter.trailingSlashHandler("/**").wrapRequest().build());
        registration.setOrder(AFTER + 1);
        return registration;
    }

    private static FilterRegistrationBean<Filter> rewriting(String field, int order) {
        return registered(order, (request, response, chain) -> {
            var http = (HttpServletRequest) request;
            String target = http.getHeader(field);
            boolean rewrites = target != null && target.startsWith("/");
            chain.doFilter(rewrites ? withTarget(http, http.getContextPath() + target) : http, response);
        });
    }

    private static FilterRegistrationBean<Filter> registered(int order, Filter filter) {
        var registration = new FilterRegistrationBean<>(filter);
        registration.setOrder(order);
        return registration;
    }

    private static HttpServletRequest withTarget(HttpServletRequest request, String target) {
        return new HttpServletRequestWrapper(request) {
            @Override
            public String getRequestURI() {
                return target;
            }
        };
    }

    private static HttpServletRequest withMethod(HttpServletRequest request, String method) {
        return new HttpServletRequestWrapper(request) {
            @Override
            public String getMethod() {
                return method.toUpperCase(Locale.ROOT);
            }
        };
    }
}
