package dev.ficha.spring;

import dev.ficha.FichaClient;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.context.annotation.Bean;

/** Micrometer's meters {@code ficha.*}. */
@AutoConfiguration(after = FichaAutoConfiguration.class)
@ConditionalOnClass(MeterRegistry.class)
@ConditionalOnBean(FichaClient.class)
public final class FichaMetricsAutoConfiguration {

    @Bean
    MeterBinder fichaMetrics(FichaClient client) {
        return new FichaMetrics(client);
    }
}
