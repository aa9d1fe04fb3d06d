package dev.ficha.spring;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.core.env.Environment;
import org.springframework.session.SessionRepository;

/** Where another repository of sessions goes first, a policy of Ficha's would not be applied: then nothing starts. */
@AutoConfiguration(after = FichaAutoConfiguration.class)
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
@ConditionalOnBean(SessionRepository.class)
@ConditionalOnMissingBean(FichaSessionRepository.class)
public final class FichaUnusedAutoConfiguration {

    FichaUnusedAutoConfiguration(Environment environment) {
        if (!Binder.get(environment)
                .bind("ficha", Bindable.of(FichaProperties.class))
                .isBound()) return;
        throw new IllegalStateException("ficha.* is configured, but the application has a SessionRepository of its own:"
                + " Ficha would neither apply its policy nor keep the sessions. Remove one of them");
    }
}
