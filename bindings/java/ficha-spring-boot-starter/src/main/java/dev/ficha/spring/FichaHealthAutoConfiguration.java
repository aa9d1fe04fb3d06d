package dev.ficha.spring;

import dev.ficha.FichaClient;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;

/** Actuator's health "ficha": whether sessions can be read. */
@AutoConfiguration(after = FichaAutoConfiguration.class)
@ConditionalOnClass({HealthIndicator.class, ConditionalOnEnabledHealthIndicator.class})
@ConditionalOnBean(FichaClient.class)
@ConditionalOnEnabledHealthIndicator("ficha")
public final class FichaHealthAutoConfiguration {

    @Bean
    @ConditionalOnMissingBean(name = "fichaHealthIndicator")
    HealthIndicator fichaHealthIndicator(FichaClient client) {
        return new FichaHealthIndicator(client);
    }
}
